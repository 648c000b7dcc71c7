-- What tells two things apart that came under one key, so that the second is never taken for the first in silence: keyed
-- hashes of everything that was said. NULL in rows from before they were kept.
ALTER TABLE ingest.report ADD COLUMN content_key bytea;
ALTER TABLE ingest.callback_seen ADD COLUMN body_key bytea;
-- True where somebody may be in danger, whatever else the message is.
ALTER TABLE ingest.assignment ADD COLUMN calls_for_help boolean NOT NULL DEFAULT false;

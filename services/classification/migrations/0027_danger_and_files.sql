-- When a message arrived: what was said long before is nobody's call for help any more. NULL in rows from before this was
-- kept.
ALTER TABLE classification.report ADD COLUMN received_time timestamptz;
-- True where somebody may be in danger, whatever else the message is.
ALTER TABLE classification.report ADD COLUMN calls_for_help boolean NOT NULL DEFAULT false;
GRANT UPDATE (calls_for_help) ON classification.report TO chengqing_classification;
-- Equal for equal files; alike pictures of other files may be two captions on one template.
ALTER TABLE classification.picture ADD COLUMN file_key bytea;
CREATE INDEX picture_file ON classification.picture (agency_id, file_key) WHERE file_key IS NOT NULL;

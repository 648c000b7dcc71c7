-- The pictures and voices of citizens' messages, and what officers wrote down of messages without words.

-- One row per message that has one, written with the message. What the platform calls it is in the report's sealed
-- original and nowhere else.
CREATE TABLE ingest.media (
    agency_id uuid NOT NULL,
    report_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('picture', 'voice')),
    -- The account that it was sent to, which alone can fetch it.
    account text NOT NULL,
    -- unreadable: kept, and not what it should be. lost: the platform does not have it any more.
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'kept', 'unreadable', 'lost')),
    -- Why it waits again, is unreadable or lost.
    reason text NOT NULL DEFAULT '',
    -- Grows with every attempt, so that one whose replica was taken for dead can write nothing any more.
    attempts integer NOT NULL DEFAULT 0,
    -- While an attempt is under way: when its replica is taken for dead.
    next_attempt_time timestamptz NOT NULL,
    received_time timestamptz NOT NULL,
    -- By its first bytes.
    content_type text NOT NULL DEFAULT '',
    -- The file, sealed under the report's own key.
    sealed bytea,
    PRIMARY KEY (agency_id, report_id),
    CHECK ((state IN ('kept', 'unreadable')) = (sealed IS NOT NULL))
);
-- What is sealed cannot be compressed; trying costs time.
ALTER TABLE ingest.media ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX media_due ON ingest.media (agency_id, next_attempt_time) WHERE state = 'waiting';

-- What officers heard or read. The newest revision counts; earlier ones stay.
CREATE TABLE ingest.transcript (
    agency_id uuid NOT NULL,
    report_id uuid NOT NULL,
    revision bigint NOT NULL CHECK (revision > 0),
    -- The caller's request, for replay.
    request_id uuid NOT NULL,
    -- As it was typed, sealed under the report's own key.
    sealed bytea NOT NULL,
    masked_text text NOT NULL,
    transcribed_by text NOT NULL,
    transcribed_by_name text NOT NULL,
    transcribe_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, report_id, revision)
);
CREATE UNIQUE INDEX transcript_request ON ingest.transcript (agency_id, request_id);

DO $$
DECLARE
    fenced text;
BEGIN
    FOREACH fenced IN ARRAY ARRAY['media', 'transcript'] LOOP
        EXECUTE format('ALTER TABLE ingest.%I ENABLE ROW LEVEL SECURITY', fenced);
        EXECUTE format('ALTER TABLE ingest.%I FORCE ROW LEVEL SECURITY', fenced);
        EXECUTE format(
            'CREATE POLICY agency ON ingest.%I USING (agency_id = current_setting(''chengqing.agency'', true)::uuid)',
            fenced
        );
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON ingest.media TO chengqing_ingest;
GRANT SELECT, INSERT ON ingest.transcript TO chengqing_ingest;

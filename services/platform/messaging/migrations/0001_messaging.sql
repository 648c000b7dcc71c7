-- What a service needs to send and receive events: the outbox, the inbox, dead letters, and which stream it knew.

CREATE SCHEMA IF NOT EXISTS messaging;

-- Which agency this transaction works for; '*' means all of them, which only the relay and the operators' commands ask for.
-- The comparison is of text, because '*' is no uuid.

CREATE TABLE messaging.outbox (
    -- The order in which the relay sends. Gaps and late commits are normal; nothing depends on either.
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    agency_id uuid NOT NULL,
    subject text NOT NULL CHECK (subject ~ '^[a-z0-9_]+(\.[a-z0-9_]+)+$'),
    -- Below the bus's limit of 1 MiB with room for headers: an event that cannot be sent must fail where it is made.
    payload bytea NOT NULL CHECK (octet_length(payload) <= 900000),
    traceparent text,
    created_time timestamptz NOT NULL DEFAULT now(),
    -- Both are set when JetStream has acknowledged, and cleared when the stream turns out to have lost the event.
    sent_time timestamptz,
    stream_sequence bigint,
    CHECK ((sent_time IS NULL) = (stream_sequence IS NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

-- Every row is updated once, so the table is vacuumed early and this index stays as small as the backlog.
CREATE INDEX outbox_unsent ON messaging.outbox (sequence) WHERE sent_time IS NULL;
-- For comparing with the stream.
CREATE INDEX outbox_in_stream ON messaging.outbox (stream_sequence) WHERE stream_sequence IS NOT NULL;

CREATE TABLE messaging.inbox (
    durable text NOT NULL,
    event_id uuid NOT NULL,
    -- Null for a message whose agency could not be read.
    agency_id uuid,
    seen_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (durable, event_id)
);

-- Rows arrive in the order of this column, so block ranges find the old ones at almost no cost to inserts.
CREATE INDEX inbox_seen ON messaging.inbox USING brin (seen_time) WITH (autosummarize = on);

CREATE TABLE messaging.dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    durable text NOT NULL,
    event_id uuid NOT NULL,
    agency_id uuid,
    subject text NOT NULL,
    payload bytea NOT NULL,
    headers jsonb NOT NULL,
    reason text NOT NULL,
    first_time timestamptz NOT NULL DEFAULT now(),
    replay_requested_time timestamptz,
    replayed_time timestamptz,
    UNIQUE (durable, event_id)
);

CREATE INDEX dead_letter_queued ON messaging.dead_letter (durable, id)
    WHERE replay_requested_time IS NOT NULL AND replayed_time IS NULL;

-- The stream as the relay last knew it: another creation time means another stream, however alike.
CREATE TABLE messaging.stream_identity (
    stream text PRIMARY KEY,
    created_time timestamptz NOT NULL
);

ALTER TABLE messaging.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE messaging.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON messaging.outbox
    USING (current_setting('chengqing.agency', true) IN (agency_id::text, '*'));

ALTER TABLE messaging.inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE messaging.inbox FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON messaging.inbox
    USING (current_setting('chengqing.agency', true) IN (agency_id::text, '*'));

ALTER TABLE messaging.dead_letter ENABLE ROW LEVEL SECURITY;
ALTER TABLE messaging.dead_letter FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON messaging.dead_letter
    USING (current_setting('chengqing.agency', true) IN (agency_id::text, '*'));

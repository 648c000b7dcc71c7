-- Halts, resumptions and revocations are orders that the officer who gives them signs.

ALTER TABLE ingest.halt
    -- NULL in rows from before it was kept: of one clarification, or of all answers, whoever ordered that.
    ADD COLUMN scope text CHECK (scope IN ('clarification', 'automatic_answers', 'everything')),
    -- told: heard directly from somebody signed in, approval's order has not arrived. An unsigned halt stops as well.
    ADD COLUMN signing text NOT NULL DEFAULT 'told' CHECK (signing IN ('told', 'signed', 'unsigned')),
    ADD COLUMN signed_order bytea CHECK (octet_length(signed_order) <= 393216),
    -- Why it counts as unsigned.
    ADD COLUMN unsigned_reason text NOT NULL DEFAULT '',
    -- The resumption that ended it.
    ADD COLUMN lift_id uuid,
    ADD CHECK ((signing = 'signed') = (signed_order IS NOT NULL)),
    ADD CHECK (scope IS NULL OR (scope = 'clarification') = (clarification_id IS NOT NULL));

-- A resumption names the halts that it ends. It may be here before them.
ALTER TABLE ingest.resumption
    -- As the order says it, with what it is about; NULL in rows from before there were orders.
    ADD COLUMN scope text,
    ADD COLUMN halts uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN reason text NOT NULL DEFAULT '',
    ADD COLUMN person_id uuid,
    ADD COLUMN signed_order bytea CHECK (octet_length(signed_order) <= 393216);

ALTER TABLE ingest.revocation
    ADD COLUMN signed_order bytea CHECK (octet_length(signed_order) <= 393216);

-- Orders that did not count, for people to see.
CREATE TABLE ingest.refused_order (
    agency_id    uuid        NOT NULL,
    refused_id   uuid        NOT NULL,
    command      text        NOT NULL CHECK (command IN ('lift', 'revoke')),
    reason       text        NOT NULL,
    detail       text        NOT NULL,
    refuse_time  timestamptz NOT NULL,
    signed_order bytea       CHECK (octet_length(signed_order) <= 393216),
    PRIMARY KEY (agency_id, refused_id)
);
CREATE INDEX refused_order_newest ON ingest.refused_order (agency_id, refuse_time);
ALTER TABLE ingest.refused_order ENABLE ROW LEVEL SECURITY;
ALTER TABLE ingest.refused_order FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON ingest.refused_order
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT ON ingest.refused_order TO chengqing_ingest;

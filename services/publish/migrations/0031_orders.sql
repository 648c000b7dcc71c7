-- Halts, resumptions and revocations are orders that the officer who gives them signs.

ALTER TABLE publish.halt
    -- By name, as verified or as the caller's token says; empty where nobody knows.
    ADD COLUMN ordered_by text NOT NULL DEFAULT '',
    -- told: heard directly from somebody signed in, approval's order has not arrived. An unsigned halt stops as well.
    ADD COLUMN signing text NOT NULL DEFAULT 'told' CHECK (signing IN ('told', 'signed', 'unsigned')),
    ADD COLUMN signed_order bytea CHECK (octet_length(signed_order) <= 393216),
    -- Why it counts as unsigned.
    ADD COLUMN unsigned_reason text NOT NULL DEFAULT '',
    -- The resumption that ended it.
    ADD COLUMN lift_id uuid,
    ADD CHECK ((signing = 'signed') = (signed_order IS NOT NULL));

-- Resumptions that verified. One may be here before a halt that it ends.
CREATE TABLE publish.lift (
    agency_id    uuid        NOT NULL,
    lift_id      uuid        NOT NULL,
    -- As the order says it: clarification, account, everything, with what it is about.
    scope        text        NOT NULL,
    halts        uuid[]      NOT NULL,
    reason       text        NOT NULL,
    person_id    uuid        NOT NULL,
    ordered_by   text        NOT NULL,
    order_time   timestamptz NOT NULL,
    signed_order bytea       NOT NULL CHECK (octet_length(signed_order) <= 393216),
    PRIMARY KEY (agency_id, lift_id)
);

ALTER TABLE publish.revocation
    -- Up to which revision an order that verified takes it back: only so far is anything taken down.
    ADD COLUMN signed_revision bigint,
    ADD COLUMN signed_order bytea CHECK (octet_length(signed_order) <= 393216);
-- What was believed before there were orders stays believed.
UPDATE publish.revocation SET signed_revision = revision;

-- Orders that did not count, for people to see.
CREATE TABLE publish.refused_order (
    agency_id    uuid        NOT NULL,
    refused_id   uuid        NOT NULL,
    command      text        NOT NULL CHECK (command IN ('lift', 'revoke')),
    reason       text        NOT NULL,
    detail       text        NOT NULL,
    refuse_time  timestamptz NOT NULL,
    signed_order bytea       CHECK (octet_length(signed_order) <= 393216),
    PRIMARY KEY (agency_id, refused_id)
);
CREATE INDEX refused_order_newest ON publish.refused_order (agency_id, refuse_time);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lift', 'refused_order'] LOOP
        EXECUTE format('ALTER TABLE publish.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE publish.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY agency ON publish.%I USING (agency_id = current_setting(''chengqing.agency'', true)::uuid) '
                       'WITH CHECK (agency_id = current_setting(''chengqing.agency'', true)::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT ON publish.%I TO chengqing_publish', name);
    END LOOP;
END $$;

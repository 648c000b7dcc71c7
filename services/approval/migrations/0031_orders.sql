-- Halts and resumptions are orders that the officer who gives them signs.

-- The order with the papers behind it; NULL where it could not be signed, and in rows from before there were any.
ALTER TABLE approval.halt ADD COLUMN signed_order bytea CHECK (octet_length(signed_order) <= 393216);
CREATE INDEX halt_by_scope ON approval.halt (agency_id, scope, target, order_time);

CREATE TABLE approval.lift (
    agency_id    uuid NOT NULL REFERENCES approval.agency,
    lift_id      uuid NOT NULL,
    scope        text NOT NULL CHECK (scope IN ('clarification', 'account', 'automatic_answers', 'everything')),
    -- As in `halt`.
    target       text NOT NULL,
    reason       text NOT NULL CHECK (reason <> ''),
    ordered_by   uuid NOT NULL REFERENCES approval.person,
    order_time   timestamptz NOT NULL,
    -- Nothing goes on by a word that is not signed.
    signed_order bytea NOT NULL CHECK (octet_length(signed_order) <= 393216),
    PRIMARY KEY (agency_id, lift_id)
);

-- The halts that a resumption ends, by name. They may be none of `halt`: publish and ingest are told directly too.
CREATE TABLE approval.lifted_halt (
    agency_id uuid NOT NULL,
    lift_id   uuid NOT NULL,
    halt_id   uuid NOT NULL,
    PRIMARY KEY (agency_id, lift_id, halt_id),
    FOREIGN KEY (agency_id, lift_id) REFERENCES approval.lift
);
CREATE INDEX lifted_halt_by_halt ON approval.lifted_halt (agency_id, halt_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lift', 'lifted_halt'] LOOP
        EXECUTE format('ALTER TABLE approval.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE approval.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY agency ON approval.%I '
                       'USING (agency_id = current_setting(''chengqing.agency'', true)::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT ON approval.%I TO chengqing_approval', name);
    END LOOP;
END $$;

-- The audit trail: one hash chain per agency. The service's role can append and cannot change or delete.

-- The chain's end. Its row lock makes the order of the chain.
CREATE TABLE approval.audit_head (
    agency_id  uuid PRIMARY KEY REFERENCES approval.agency,
    sequence   bigint NOT NULL,
    entry_hash bytea NOT NULL CHECK (length(entry_hash) = 32)
);
ALTER TABLE approval.audit_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.audit_head FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.audit_head
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, UPDATE (sequence, entry_hash) ON approval.audit_head TO chengqing_approval;

CREATE TABLE approval.audit_entry (
    agency_id  uuid NOT NULL REFERENCES approval.agency,
    sequence   bigint NOT NULL,
    entry_time timestamptz NOT NULL,
    actor      text NOT NULL,
    action     text NOT NULL,
    subject    text NOT NULL,
    -- The canonical bytes that entry_hash is the SHA-256 of; they hold the hash of the entry before.
    document   bytea NOT NULL,
    entry_hash bytea NOT NULL CHECK (length(entry_hash) = 32),
    PRIMARY KEY (agency_id, sequence)
);
ALTER TABLE approval.audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.audit_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.audit_entry
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT ON approval.audit_entry TO chengqing_approval;

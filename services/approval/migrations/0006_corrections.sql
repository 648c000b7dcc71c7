-- What officers put right about claims: merges, splits, re-routes, and automatic answers switched on again.

ALTER TABLE approval.case_file
    -- Set on a case that was merged into another; it is dismissed.
    ADD COLUMN merged_into uuid REFERENCES approval.case_file,
    -- True once an officer said which departments; what the machine suggests no longer replaces them.
    ADD COLUMN departments_decided boolean NOT NULL DEFAULT false,
    -- The clarification whose automatic answer is off because citizens said that it was wrong.
    ADD COLUMN suspended_clarification uuid,
    ADD COLUMN suspension_revision bigint NOT NULL DEFAULT 0;

-- Numbered from 1 without a gap under the agency's counter: classification applies them in this order.
CREATE TABLE approval.correction (
    agency_id      uuid NOT NULL REFERENCES approval.agency,
    correction     bigint NOT NULL CHECK (correction > 0),
    kind           text NOT NULL CHECK (kind IN ('merge', 'split', 'reroute')),
    case_id        uuid NOT NULL REFERENCES approval.case_file,
    -- The case that a merge goes into, or that a split makes.
    other_case_id  uuid REFERENCES approval.case_file,
    decided_by     uuid NOT NULL REFERENCES approval.person,
    decide_time    timestamptz NOT NULL,
    PRIMARY KEY (agency_id, correction)
);
ALTER TABLE approval.correction ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.correction FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.correction
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT ON approval.correction TO chengqing_approval;

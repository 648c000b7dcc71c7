-- Which officer sent claims about which subject to which department. What two officers say alike is suggested at once;
-- what one says teaches at the next training only.

-- NULL where approval did not say who.
ALTER TABLE classification.correction ADD COLUMN person_id uuid;

CREATE TABLE classification.reroute_lesson (
    agency_id uuid NOT NULL,
    -- A claim teaches what was said of it last.
    claim_id uuid NOT NULL,
    subject text NOT NULL,
    department text NOT NULL,
    person_id uuid NOT NULL,
    decide_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, claim_id, subject)
);

CREATE INDEX reroute_lesson_by_time ON classification.reroute_lesson (agency_id, decide_time);

ALTER TABLE classification.reroute_lesson ENABLE ROW LEVEL SECURITY;
ALTER TABLE classification.reroute_lesson FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON classification.reroute_lesson
    USING (agency_id = current_setting('chengqing.agency', true)::uuid)
    WITH CHECK (agency_id = current_setting('chengqing.agency', true)::uuid);

GRANT SELECT, INSERT, DELETE ON classification.reroute_lesson TO chengqing_classification;

-- What people said that messages are, and the model that learns from it.

-- Each decision once: nothing here is ever changed or taken away. The last word about a message counts.
CREATE TABLE classification.intent_decision (
    agency_id uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    -- The caller's own id of the decision, so that the same form sent twice is one decision.
    request_id uuid NOT NULL,
    report_id uuid NOT NULL,
    previous_intent text NOT NULL
        CHECK (previous_intent IN ('report', 'question', 'complaint', 'help', 'observation', 'other')),
    intent text NOT NULL CHECK (intent IN ('report', 'question', 'complaint', 'help', 'observation', 'other')),
    person_id uuid NOT NULL,
    decide_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, request_id)
);

CREATE INDEX intent_decision_of_report ON classification.intent_decision (agency_id, report_id, position);

ALTER TABLE classification.intent_decision ENABLE ROW LEVEL SECURITY;
ALTER TABLE classification.intent_decision FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON classification.intent_decision
    USING (agency_id = current_setting('chengqing.agency', true)::uuid)
    WITH CHECK (agency_id = current_setting('chengqing.agency', true)::uuid);

GRANT SELECT, INSERT ON classification.intent_decision TO chengqing_classification;

ALTER TABLE classification.model
    DROP CONSTRAINT model_kind_check,
    ADD CONSTRAINT model_kind_check CHECK (kind IN ('likelihood', 'topics', 'intent'));

-- What the office found about a claim, and the models that were trained on what it decided.

-- The verdict as the signed content names it; empty where it says nothing, and for what was signed before.
ALTER TABLE classification.clarification ADD COLUMN verdict text NOT NULL DEFAULT '';

CREATE INDEX clarification_of_claim ON classification.clarification (agency_id, claim_id, revision)
    WHERE claim_id IS NOT NULL;

CREATE TABLE classification.model (
    agency_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('likelihood', 'topics')),
    version integer NOT NULL CHECK (version > 0),
    -- Refused: worse than the one that was active, or rolled back.
    state text NOT NULL CHECK (state IN ('active', 'retired', 'refused')),
    trained_time timestamptz NOT NULL,
    -- The office's own decisions that it learned from.
    own_count bigint NOT NULL,
    -- Rows of a labelled folder, and what the rules suppose.
    other_count bigint NOT NULL,
    -- What was measured on the office's own decisions that had been held out.
    figures jsonb NOT NULL,
    weights bytea NOT NULL,
    PRIMARY KEY (agency_id, kind, version)
);

CREATE UNIQUE INDEX model_active ON classification.model (agency_id, kind) WHERE state = 'active';

ALTER TABLE classification.model ENABLE ROW LEVEL SECURITY;
ALTER TABLE classification.model FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON classification.model
    USING (agency_id = current_setting('chengqing.agency', true)::uuid)
    WITH CHECK (agency_id = current_setting('chengqing.agency', true)::uuid);

GRANT SELECT, INSERT ON classification.model TO chengqing_classification;
GRANT UPDATE (state) ON classification.model TO chengqing_classification;

-- What the office decided about claims, and the models that were trained on it.

-- What the office said of a claim in the end: the verdict of the newest signed revision, or that its case was closed
-- without one. A signed verdict is newer than a dismissal, in whichever order they arrive.
CREATE TABLE classification.claim_decision (
    agency_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    -- 'dismissed', or the verdict as the signed content names it.
    decision text NOT NULL,
    -- The signed revision; 0 for a dismissal.
    revision bigint NOT NULL CHECK (revision >= 0),
    PRIMARY KEY (agency_id, claim_id)
);

CREATE TABLE classification.model (
    agency_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('likelihood')),
    version integer NOT NULL CHECK (version > 0),
    -- Refused: measured, and worse than the one that was active.
    state text NOT NULL CHECK (state IN ('active', 'retired', 'refused')),
    trained_time timestamptz NOT NULL,
    own_count bigint NOT NULL,
    lent_count bigint NOT NULL,
    -- What was measured on the office's own decisions that had been held out.
    figures jsonb NOT NULL,
    weights bytea NOT NULL,
    PRIMARY KEY (agency_id, kind, version)
);

CREATE UNIQUE INDEX model_active ON classification.model (agency_id, kind) WHERE state = 'active';

DO $$
DECLARE
    scoped text;
BEGIN
    FOREACH scoped IN ARRAY ARRAY['claim_decision', 'model']
    LOOP
        EXECUTE format('ALTER TABLE classification.%I ENABLE ROW LEVEL SECURITY', scoped);
        EXECUTE format('ALTER TABLE classification.%I FORCE ROW LEVEL SECURITY', scoped);
        EXECUTE format(
            'CREATE POLICY agency ON classification.%I
                USING (agency_id = current_setting(''chengqing.agency'', true)::uuid)
                WITH CHECK (agency_id = current_setting(''chengqing.agency'', true)::uuid)', scoped);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON classification.claim_decision TO chengqing_classification;
GRANT SELECT, INSERT ON classification.model TO chengqing_classification;
GRANT UPDATE (state) ON classification.model TO chengqing_classification;

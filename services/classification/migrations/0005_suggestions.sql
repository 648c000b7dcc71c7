-- What people put right: merges, splits and re-routes; what may need it; and automatic answers that were wrong.

-- A claim that was merged is read on, but gathers nothing; its reports belong to the claim that it was merged into.
ALTER TABLE classification.claim
    DROP CONSTRAINT claim_state_check,
    ADD CONSTRAINT claim_state_check CHECK (state IN ('open', 'dismissed', 'merged')),
    DROP CONSTRAINT claim_report_count_check,
    ADD CONSTRAINT claim_report_count_check CHECK (report_count >= 0),
    ADD COLUMN merged_into uuid,
    -- True while nobody has looked what it is near to, or whether it falls apart, as it stands now.
    ADD COLUMN compare boolean NOT NULL DEFAULT true;

CREATE INDEX claim_compare ON classification.claim (agency_id, claim_id) WHERE compare;

ALTER TABLE classification.report
    -- 0 as it was first judged, one more for each time that a person moved it.
    ADD COLUMN assignment_revision bigint NOT NULL DEFAULT 0,
    -- As the contracts number channels; 0 where it was not kept.
    ADD COLUMN channel integer NOT NULL DEFAULT 0;

CREATE INDEX report_of_claim_by_time ON classification.report (agency_id, claim_id, said_time)
    WHERE claim_id IS NOT NULL;
CREATE INDEX report_answered ON classification.report (agency_id, clarification_id, said_time)
    WHERE clarification_id IS NOT NULL;

CREATE INDEX index_change_of_claim ON classification.index_change (agency_id, claim_id, change_id)
    WHERE kind IN ('claim_opened', 'alias_added', 'claim_closed');

-- True while the clarification may not answer by machine because citizens said that it was wrong.
ALTER TABLE classification.index_change ADD COLUMN suspended boolean NOT NULL DEFAULT false;

-- What officers decided, numbered by approval from 1 without a gap, and applied in that order.
CREATE TABLE classification.correction (
    agency_id uuid NOT NULL,
    correction bigint NOT NULL CHECK (correction > 0),
    kind text NOT NULL CHECK (kind IN ('merge', 'split', 'reroute')),
    claim_id uuid NOT NULL,
    -- The claim that a merge goes into, or that a split makes.
    other_claim_id uuid,
    report_ids uuid[] NOT NULL DEFAULT '{}',
    sentence text NOT NULL DEFAULT '',
    departments text[] NOT NULL DEFAULT '{}',
    decide_time timestamptz NOT NULL,
    applied boolean NOT NULL DEFAULT false,
    PRIMARY KEY (agency_id, correction),
    CHECK (kind = 'reroute' OR other_claim_id IS NOT NULL)
);

-- Claims whose case was dismissed; may be here before a split has made the claim.
CREATE TABLE classification.dismissed_claim (
    agency_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    PRIMARY KEY (agency_id, claim_id)
);

CREATE TABLE classification.suggestion (
    agency_id uuid NOT NULL,
    suggestion_id uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('merge', 'split')),
    -- Of two the older; of one, both are it.
    claim_id uuid NOT NULL,
    other_claim_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'declined')),
    similarity real NOT NULL CHECK (similarity BETWEEN 0 AND 1),
    reasons jsonb NOT NULL,
    -- The reports that may be apart, and the words of the first of them.
    report_ids uuid[] NOT NULL DEFAULT '{}',
    apart_text text NOT NULL DEFAULT '',
    suggest_time timestamptz NOT NULL,
    decided_by uuid,
    decide_time timestamptz,
    PRIMARY KEY (agency_id, suggestion_id),
    -- Whatever was decided about a pair is decided.
    UNIQUE (agency_id, kind, claim_id, other_claim_id)
);

CREATE INDEX suggestion_open ON classification.suggestion (agency_id, position) WHERE state = 'open';
CREATE INDEX suggestion_of_claim ON classification.suggestion (agency_id, claim_id) WHERE state = 'open';
CREATE INDEX suggestion_of_other_claim ON classification.suggestion (agency_id, other_claim_id) WHERE state = 'open';

-- Who said that an automatic answer was not what they asked: one person counts once for one clarification.
CREATE TABLE classification.wrong_answer (
    agency_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    reporter_id uuid NOT NULL,
    said_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, clarification_id, reporter_id)
);

-- Whether a clarification's automatic answer is off, with the counts that switched it off.
CREATE TABLE classification.suspension (
    agency_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    state_revision bigint NOT NULL,
    suspended boolean NOT NULL,
    wrong_count bigint NOT NULL,
    answered_count bigint NOT NULL,
    -- Wrong answers count from here on: those that a person has judged do not count again.
    counts_from timestamptz NOT NULL,
    PRIMARY KEY (agency_id, clarification_id)
);

DO $$
DECLARE
    scoped text;
BEGIN
    FOREACH scoped IN ARRAY ARRAY['correction', 'dismissed_claim', 'suggestion', 'wrong_answer', 'suspension']
    LOOP
        EXECUTE format('ALTER TABLE classification.%I ENABLE ROW LEVEL SECURITY', scoped);
        EXECUTE format('ALTER TABLE classification.%I FORCE ROW LEVEL SECURITY', scoped);
        EXECUTE format(
            'CREATE POLICY agency ON classification.%I
                USING (agency_id = current_setting(''chengqing.agency'', true)::uuid)
                WITH CHECK (agency_id = current_setting(''chengqing.agency'', true)::uuid)', scoped);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON classification.dismissed_claim, classification.wrong_answer TO chengqing_classification;
GRANT SELECT, INSERT, UPDATE ON classification.correction, classification.suggestion, classification.suspension
    TO chengqing_classification;
GRANT UPDATE (claim_id, reasons, assignment_revision) ON classification.report TO chengqing_classification;
GRANT DELETE ON classification.claim_reporter, classification.claim_place TO chengqing_classification;

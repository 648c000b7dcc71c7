-- What classification owns: reports as it judged them, claims, and the log of changes to the index of what is known.
-- Every table is kept apart by agency. Writers of an agency's claims and index hold its advisory lock.

CREATE SCHEMA IF NOT EXISTS classification;

DO $$ BEGIN
    CREATE ROLE chengqing_classification NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$;

GRANT USAGE ON SCHEMA classification TO chengqing_classification;

-- Which agencies there are, so that the sweep over grown claims knows whom to look at. It holds nothing else, which is
-- why every agency may see it.
CREATE TABLE classification.agency (
    agency_id uuid PRIMARY KEY
);

CREATE TABLE classification.claim (
    agency_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'dismissed')),
    sentence text NOT NULL,
    report_count bigint NOT NULL CHECK (report_count > 0),
    -- Distinct reporters, as far as they are known.
    reporter_count bigint NOT NULL,
    -- Distinct groups, places and pages.
    place_count bigint NOT NULL,
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    -- An array of names, best first.
    departments jsonb NOT NULL,
    -- What the words alone say about urgency; the spread is scored anew each time it changes.
    urgency_of_words jsonb NOT NULL,
    routing jsonb NOT NULL,
    urgency integer NOT NULL CHECK (urgency BETWEEN 0 AND 100),
    -- The last claim.grew; 0 before the first.
    state_revision bigint NOT NULL DEFAULT 0,
    -- When the claim was last told to others, as opened or as grown.
    told_time timestamptz NOT NULL,
    -- True while others have not been told of the counts as they are.
    grew boolean NOT NULL DEFAULT false,
    PRIMARY KEY (agency_id, claim_id)
) WITH (fillfactor = 80);

CREATE INDEX claim_grew ON classification.claim (agency_id, told_time) WHERE grew;

-- Who reported a claim and where it was seen: each pair once, so that counting is inserting.
CREATE TABLE classification.claim_reporter (
    agency_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    reporter_id uuid NOT NULL,
    PRIMARY KEY (agency_id, claim_id, reporter_id)
);

CREATE TABLE classification.claim_place (
    agency_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    place text NOT NULL,
    PRIMARY KEY (agency_id, claim_id, place)
);

CREATE TABLE classification.report (
    agency_id uuid NOT NULL,
    report_id uuid NOT NULL,
    -- The order in which reports were judged.
    position bigint GENERATED ALWAYS AS IDENTITY,
    reporter_id uuid,
    masked_text text NOT NULL,
    said_time timestamptz NOT NULL,
    seen_at text NOT NULL,
    intent text NOT NULL CHECK (intent IN ('report', 'question', 'complaint', 'help', 'observation', 'other')),
    -- The claim that it joined or opened.
    claim_id uuid,
    -- The published clarification that surely answers it; such a report reaches no claim.
    clarification_id uuid,
    similarity real NOT NULL CHECK (similarity BETWEEN 0 AND 1),
    reasons jsonb NOT NULL,
    PRIMARY KEY (agency_id, report_id),
    CHECK (claim_id IS NULL OR clarification_id IS NULL)
);

CREATE INDEX report_of_claim ON classification.report (agency_id, claim_id, position) WHERE claim_id IS NOT NULL;
CREATE INDEX report_without_claim ON classification.report (agency_id, position) WHERE claim_id IS NULL;
CREATE INDEX report_without_claim_by_intent ON classification.report (agency_id, intent, position)
    WHERE claim_id IS NULL;
CREATE INDEX report_of_reporter ON classification.report (agency_id, reporter_id, position)
    WHERE reporter_id IS NOT NULL;

-- What the index of what is known is made of, in the order in which it was decided. Under the agency's lock the numbers of
-- one agency become visible in their own order, so a reader that has seen one has seen all before it.
CREATE TABLE classification.index_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN
        ('claim_opened', 'alias_added', 'claim_closed', 'clarification_known', 'clarification_removed')),
    claim_id uuid,
    clarification_id uuid,
    -- Normalised; for a clarification its claim sentence and its title.
    texts text[] NOT NULL DEFAULT '{}',
    automatic_answer boolean NOT NULL DEFAULT false,
    CHECK (claim_id IS NOT NULL OR clarification_id IS NOT NULL)
);

CREATE INDEX index_change_of_agency ON classification.index_change (agency_id, change_id);

-- Signed clarifications, as far as matching needs them. Nothing is published from here, so nothing here was verified: who
-- answers with a clarification verifies it.
CREATE TABLE classification.clarification (
    agency_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    claim_id uuid,
    kind text NOT NULL,
    response_level text NOT NULL,
    automatic_answer boolean NOT NULL,
    claim_sentence text NOT NULL,
    title text NOT NULL,
    PRIMARY KEY (agency_id, clarification_id, revision)
);

-- Up to which revision a clarification was revoked; may arrive before the clarification itself.
CREATE TABLE classification.revocation (
    agency_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (agency_id, clarification_id)
);

-- The public pages of clarifications, as publish last told; may arrive before the clarification itself.
CREATE TABLE classification.page (
    agency_id uuid NOT NULL,
    publication_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    is_public boolean NOT NULL,
    state_revision bigint NOT NULL,
    PRIMARY KEY (agency_id, publication_id)
);

CREATE INDEX page_of_clarification ON classification.page (agency_id, clarification_id);

-- Which revision of a clarification the index knows now.
CREATE TABLE classification.known_clarification (
    agency_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (agency_id, clarification_id)
);

DO $$
DECLARE
    scoped text;
BEGIN
    FOREACH scoped IN ARRAY ARRAY['claim', 'claim_reporter', 'claim_place', 'report', 'index_change', 'clarification',
        'revocation', 'page', 'known_clarification']
    LOOP
        EXECUTE format('ALTER TABLE classification.%I ENABLE ROW LEVEL SECURITY', scoped);
        EXECUTE format('ALTER TABLE classification.%I FORCE ROW LEVEL SECURITY', scoped);
        EXECUTE format(
            'CREATE POLICY agency ON classification.%I
                USING (agency_id = current_setting(''chengqing.agency'', true)::uuid)
                WITH CHECK (agency_id = current_setting(''chengqing.agency'', true)::uuid)', scoped);
    END LOOP;
END $$;

ALTER TABLE classification.agency ENABLE ROW LEVEL SECURITY;
ALTER TABLE classification.agency FORCE ROW LEVEL SECURITY;
CREATE POLICY everyone_sees ON classification.agency FOR SELECT USING (true);
CREATE POLICY agency ON classification.agency FOR INSERT
    WITH CHECK (agency_id = current_setting('chengqing.agency', true)::uuid);

GRANT SELECT, INSERT ON classification.agency, classification.claim_reporter, classification.claim_place,
    classification.report, classification.index_change, classification.clarification TO chengqing_classification;
GRANT SELECT, INSERT, UPDATE ON classification.claim, classification.revocation, classification.page
    TO chengqing_classification;
GRANT SELECT, INSERT, UPDATE, DELETE ON classification.known_clarification TO chengqing_classification;

-- What comes to be known of a report besides its words, and after them: pictures, links, transcripts.

-- What ingest saw in a report's picture. May be here before the report is.
CREATE TABLE classification.picture (
    agency_id uuid NOT NULL,
    report_id uuid NOT NULL,
    -- 64 bits of which few differ between alike pictures; NULL for an even picture.
    hash bigint,
    -- What a machine read in it, and how sure it is, 0 to 1.
    masked_text text NOT NULL,
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    reader text NOT NULL,
    unread_reason text NOT NULL,
    PRIMARY KEY (agency_id, report_id)
);

-- Each byte of a hash with its place (place * 256 + byte): hashes that differ in at most seven bits share a row, so that
-- alike pictures are found by an index. Under row-level security only plain equality can use one.
CREATE TABLE classification.picture_band (
    agency_id uuid NOT NULL,
    band integer NOT NULL,
    report_id uuid NOT NULL,
    PRIMARY KEY (agency_id, band, report_id)
);

-- What an officer wrote down of a report without words; the newer revision counts. May be here before the report is.
CREATE TABLE classification.transcript (
    agency_id uuid NOT NULL,
    report_id uuid NOT NULL,
    revision bigint NOT NULL,
    masked_text text NOT NULL,
    PRIMARY KEY (agency_id, report_id)
);

-- Which claims were reported with which web address, in its one form.
CREATE TABLE classification.link (
    agency_id uuid NOT NULL,
    link text NOT NULL,
    claim_id uuid NOT NULL,
    -- The words, normalised, with which the address first came to the claim.
    words text NOT NULL,
    PRIMARY KEY (agency_id, link, claim_id)
);

DO $$
DECLARE
    scoped text;
BEGIN
    FOREACH scoped IN ARRAY ARRAY['picture', 'picture_band', 'transcript', 'link']
    LOOP
        EXECUTE format('ALTER TABLE classification.%I ENABLE ROW LEVEL SECURITY', scoped);
        EXECUTE format('ALTER TABLE classification.%I FORCE ROW LEVEL SECURITY', scoped);
        EXECUTE format(
            'CREATE POLICY agency ON classification.%I
                USING (agency_id = current_setting(''chengqing.agency'', true)::uuid)
                WITH CHECK (agency_id = current_setting(''chengqing.agency'', true)::uuid)', scoped);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON classification.picture, classification.picture_band, classification.link
    TO chengqing_classification;
GRANT SELECT, INSERT, UPDATE ON classification.transcript TO chengqing_classification;
-- A report that reached nothing is judged again when more is known of it.
GRANT UPDATE (intent, claim_id, clarification_id, similarity, reasons) ON classification.report
    TO chengqing_classification;

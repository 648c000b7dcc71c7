-- Until when words hold, and what a case was when its draft was written.

ALTER TABLE approval.case_file
    -- Until when the claim can matter, where it names a day; NULL where it names none.
    ADD COLUMN named_until timestamptz,
    -- The earliest end of validity among its signed words that is not settled; NULL where there is none.
    ADD COLUMN valid_until timestamptz,
    -- The office decided not to renew words whose validity ended up to here.
    ADD COLUMN validity_settled timestamptz;
CREATE INDEX case_file_validity ON approval.case_file (agency_id, valid_until, case_id)
    WHERE valid_until IS NOT NULL;
-- Whose claims a case has taken over is asked whenever a draft is saved or signed.
CREATE INDEX case_file_merged ON approval.case_file (merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE approval.revision
    -- How often the case had been merged and split when the draft was saved: after another time it is written anew.
    ADD COLUMN corrections bigint NOT NULL DEFAULT 0;
CREATE INDEX correction_by_case ON approval.correction (case_id);
CREATE INDEX correction_by_other_case ON approval.correction (other_case_id) WHERE other_case_id IS NOT NULL;

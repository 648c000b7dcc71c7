-- Among cases of equal urgency the hint of classification's model orders; 50 where there is none, in the middle.
-- For order alone: it is no verdict and no page shows it.
ALTER TABLE approval.case_file ADD COLUMN order_hint integer NOT NULL DEFAULT 50 CHECK (order_hint BETWEEN 0 AND 100);

DROP INDEX approval.case_file_queue;
CREATE INDEX case_file_queue ON approval.case_file
    (agency_id, unfinished DESC, urgent DESC, urgency DESC, order_hint DESC, report_count DESC, case_id DESC);

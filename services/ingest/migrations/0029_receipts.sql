-- A receipt's number finds its message.
CREATE UNIQUE INDEX report_receipt ON ingest.report (agency_id, receipt_number) WHERE receipt_number IS NOT NULL;

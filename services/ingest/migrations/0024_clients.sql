-- What clients may do: name reporters that they brought themselves, and bring so many reports.

-- The client that first named the reporter; NULL for who wrote to the account, or was named by an officer.
ALTER TABLE ingest.reporter ADD COLUMN brought_by text;

-- What a client has brought in the minute and on the day in which it last brought something, single reports and
-- imports apart. Minutes and days are counted from 1970; days begin at midnight in China.
CREATE TABLE ingest.client_use (
    agency_id uuid NOT NULL,
    client_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('report', 'import')),
    minute bigint NOT NULL,
    minute_count bigint NOT NULL,
    day bigint NOT NULL,
    day_count bigint NOT NULL,
    PRIMARY KEY (agency_id, client_id, kind)
);
ALTER TABLE ingest.client_use ENABLE ROW LEVEL SECURITY;
ALTER TABLE ingest.client_use FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON ingest.client_use
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE ON ingest.client_use TO chengqing_ingest;

-- Where files of reports come from, and what an officer said that the columns of its files hold.
CREATE TABLE ingest.import_source (
    agency_id uuid NOT NULL,
    name text NOT NULL,
    -- [{"heading": "诉求内容", "field": "text"}, …]; an empty field: that column is not used.
    columns jsonb NOT NULL,
    channel text NOT NULL CHECK (channel IN ('wechat', 'microblog', 'hotline', 'partner')),
    set_by text NOT NULL,
    set_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, name)
);
ALTER TABLE ingest.import_source ENABLE ROW LEVEL SECURITY;
ALTER TABLE ingest.import_source FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON ingest.import_source
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE ON ingest.import_source TO chengqing_ingest;

-- The rules that an agency wrote for itself, every version of them. The newest of a kind judges; without one the
-- program's built-in rules do. Nothing here is ever changed or taken away: restoring an old version adds a new one.

CREATE TABLE classification.rules_version (
    agency_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('intent', 'urgency', 'routing')),
    -- 1, 2, 3 … for each kind, given under the agency's lock.
    version bigint NOT NULL CHECK (version > 0),
    text text NOT NULL CHECK (octet_length(text) <= 65536),
    author_id uuid NOT NULL,
    -- The author's name as it was then.
    author_name text NOT NULL,
    saved_time timestamptz NOT NULL,
    -- The version whose text was taken again; 0 for the built-in rules, null where somebody wrote it.
    restored_version bigint,
    -- The caller's own id of the change, so that the same form sent twice is one change.
    request_id uuid NOT NULL,
    PRIMARY KEY (agency_id, kind, version),
    UNIQUE (agency_id, request_id)
);

ALTER TABLE classification.rules_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE classification.rules_version FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON classification.rules_version
    USING (agency_id = current_setting('chengqing.agency', true)::uuid)
    WITH CHECK (agency_id = current_setting('chengqing.agency', true)::uuid);

GRANT SELECT, INSERT ON classification.rules_version TO chengqing_classification;

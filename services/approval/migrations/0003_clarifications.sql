-- What will be said: clarifications, their revisions, the signed steps, and how publishing went.

CREATE TABLE approval.clarification (
    clarification_id uuid PRIMARY KEY,
    agency_id        uuid NOT NULL REFERENCES approval.agency,
    case_id          uuid NOT NULL REFERENCES approval.case_file,
    kind             text NOT NULL,
    -- Assigned under this row's lock.
    latest_revision  bigint NOT NULL
);
CREATE INDEX clarification_by_case ON approval.clarification (case_id);
ALTER TABLE approval.clarification ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.clarification FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.clarification
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE (kind, latest_revision) ON approval.clarification TO chengqing_approval;

-- Immutable but for where it stands: the service's role cannot update any other column.
CREATE TABLE approval.revision (
    agency_id        uuid NOT NULL REFERENCES approval.agency,
    clarification_id uuid NOT NULL REFERENCES approval.clarification,
    revision         bigint NOT NULL CHECK (revision > 0),
    -- The boxes, as they were filled in.
    draft            jsonb NOT NULL,
    -- The canonical content, made of the boxes: the bytes that people sign.
    content          bytea NOT NULL,
    content_hash     bytea NOT NULL CHECK (length(content_hash) = 32),
    drafter_id       uuid NOT NULL REFERENCES approval.person,
    save_time        timestamptz NOT NULL,
    state            text NOT NULL,
    return_reason    text NOT NULL DEFAULT '',
    PRIMARY KEY (clarification_id, revision)
);
ALTER TABLE approval.revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.revision FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.revision
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE (state, return_reason) ON approval.revision TO chengqing_approval;

CREATE TABLE approval.step (
    agency_id        uuid NOT NULL REFERENCES approval.agency,
    clarification_id uuid NOT NULL,
    revision         bigint NOT NULL,
    purpose          text NOT NULL,
    person_id        uuid NOT NULL REFERENCES approval.person,
    key_id           uuid NOT NULL REFERENCES approval.signing_key,
    statement        bytea NOT NULL,
    signature        bytea NOT NULL CHECK (length(signature) = 64),
    sign_time        timestamptz NOT NULL,
    -- The gates that the person confirmed.
    gates            text[] NOT NULL,
    PRIMARY KEY (clarification_id, revision, purpose),
    FOREIGN KEY (clarification_id, revision) REFERENCES approval.revision
);
ALTER TABLE approval.step ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.step FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.step
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT ON approval.step TO chengqing_approval;

-- What publish last said about each publication: the newer state_revision wins.
CREATE TABLE approval.publication (
    publication_id   uuid PRIMARY KEY,
    agency_id        uuid NOT NULL REFERENCES approval.agency,
    case_id          uuid NOT NULL REFERENCES approval.case_file,
    clarification_id uuid NOT NULL,
    revision         bigint NOT NULL,
    channel          text NOT NULL,
    account          text NOT NULL,
    state            text NOT NULL,
    reason           text NOT NULL,
    state_revision   bigint NOT NULL
);
CREATE INDEX publication_by_revision ON approval.publication (clarification_id, revision);
ALTER TABLE approval.publication ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.publication FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.publication
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE (state, reason, state_revision) ON approval.publication TO chengqing_approval;

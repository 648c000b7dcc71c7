-- The agency, its people, their keys and sessions, its policy and its clients.
-- Every table is an agency's own: row-level security is forced, also on the owner. The service's role owns
-- nothing and gets, table by table, only what the service does.

CREATE SCHEMA IF NOT EXISTS approval;

DO $$
BEGIN
    CREATE ROLE chengqing_approval NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END
$$;

GRANT USAGE ON SCHEMA approval TO chengqing_approval;

CREATE TABLE approval.agency (
    agency_id        uuid PRIMARY KEY,
    slug             text NOT NULL UNIQUE,
    name             text NOT NULL,
    -- Case codes are this, a dash and the number.
    code_prefix      text NOT NULL,
    next_case_number bigint NOT NULL DEFAULT 1,
    -- What this service checks its own bundles against; the others have it by configuration.
    root_public_key  bytea NOT NULL CHECK (length(root_public_key) = 32)
);
ALTER TABLE approval.agency ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.agency FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.agency
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, UPDATE (next_case_number) ON approval.agency TO chengqing_approval;

-- Which agency a sign-in name belongs to. The one table that may be read before an agency is known: somebody
-- who signs in has not said whose officer they are. It holds no secret.
CREATE TABLE approval.sign_in_name (
    kind      text NOT NULL CHECK (kind IN ('person', 'client')),
    name      text NOT NULL,
    agency_id uuid NOT NULL REFERENCES approval.agency,
    PRIMARY KEY (kind, name)
);
ALTER TABLE approval.sign_in_name ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.sign_in_name FORCE ROW LEVEL SECURITY;
CREATE POLICY anybody_reads ON approval.sign_in_name FOR SELECT USING (true);
CREATE POLICY agency ON approval.sign_in_name FOR INSERT
    WITH CHECK (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT ON approval.sign_in_name TO chengqing_approval;

CREATE TABLE approval.person (
    person_id          uuid PRIMARY KEY,
    agency_id          uuid NOT NULL REFERENCES approval.agency,
    login              text NOT NULL UNIQUE,
    display_name       text NOT NULL,
    role               text NOT NULL,
    password_hash      text NOT NULL,
    -- Sealed under a key that is not in the database.
    totp_secret_sealed bytea NOT NULL,
    -- The newest time step whose code this person has used; it and older ones are never accepted again.
    totp_last_step     bigint NOT NULL DEFAULT 0,
    failed_attempts    integer NOT NULL DEFAULT 0,
    locked_until       timestamptz
);
ALTER TABLE approval.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.person FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.person
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, UPDATE (totp_last_step, failed_attempts, locked_until) ON approval.person TO chengqing_approval;

-- One signing key per person, its seed sealed under the person's password and the pepper.
CREATE TABLE approval.signing_key (
    key_id              uuid PRIMARY KEY,
    agency_id           uuid NOT NULL REFERENCES approval.agency,
    person_id           uuid NOT NULL UNIQUE REFERENCES approval.person,
    public_key          bytea NOT NULL CHECK (length(public_key) = 32),
    seed_sealed         bytea NOT NULL,
    enrolment           bytea NOT NULL,
    enrolment_signature bytea NOT NULL CHECK (length(enrolment_signature) = 64)
);
ALTER TABLE approval.signing_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.signing_key FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.signing_key
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT ON approval.signing_key TO chengqing_approval;

-- The newest version is in force.
CREATE TABLE approval.policy (
    agency_id        uuid NOT NULL REFERENCES approval.agency,
    version          bigint NOT NULL CHECK (version > 0),
    document         bytea NOT NULL,
    first_key_id     uuid NOT NULL REFERENCES approval.signing_key,
    first_signature  bytea NOT NULL CHECK (length(first_signature) = 64),
    second_key_id    uuid NOT NULL REFERENCES approval.signing_key,
    second_signature bytea NOT NULL CHECK (length(second_signature) = 64),
    PRIMARY KEY (agency_id, version)
);
ALTER TABLE approval.policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.policy FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.policy
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT ON approval.policy TO chengqing_approval;

CREATE TABLE approval.session (
    secret_sha256  bytea PRIMARY KEY CHECK (length(secret_sha256) = 32),
    agency_id      uuid NOT NULL REFERENCES approval.agency,
    person_id      uuid NOT NULL REFERENCES approval.person,
    -- The person's seed under the session's own secret, which only the browser holds.
    seed_sealed    bytea NOT NULL,
    sign_in_time   timestamptz NOT NULL,
    last_used_time timestamptz NOT NULL
);
CREATE INDEX session_by_person ON approval.session (person_id);
ALTER TABLE approval.session ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.session FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.session
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, DELETE, UPDATE (last_used_time) ON approval.session TO chengqing_approval;

CREATE TABLE approval.client (
    client_id     text PRIMARY KEY,
    agency_id     uuid NOT NULL REFERENCES approval.agency,
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32)
);
ALTER TABLE approval.client ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.client FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.client
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT ON approval.client TO chengqing_approval;

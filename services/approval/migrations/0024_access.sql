-- Who may try to sign in how often, and sessions that their owners can see and end.

-- Counted attempts. A key is a MAC, under the service's pepper, of what is counted: a network address, a browser, a
-- person's codes, a session's codes; no address can be read back from it. What is counted before anybody has proved to
-- be somebody is no agency's.
CREATE TABLE approval.attempt (
    attempt_key bytea PRIMARY KEY CHECK (length(attempt_key) = 32),
    agency_id   uuid REFERENCES approval.agency,
    -- Whose codes are counted; NULL for what is counted before the password.
    person_id   uuid REFERENCES approval.person,
    failures    integer NOT NULL,
    -- Until then nothing more of this key is tried.
    wait_until  timestamptz NOT NULL,
    last_time   timestamptz NOT NULL
);
CREATE INDEX attempt_by_person ON approval.attempt (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX attempt_by_time ON approval.attempt (last_time);
ALTER TABLE approval.attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.attempt FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.attempt
    USING (agency_id IS NULL OR agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON approval.attempt TO chengqing_approval;

-- A password is checked by opening what it seals, which needs the pepper too. A hash beside that could be guessed
-- against without the pepper. While replicas of the version before are still running, they refuse new sign-ins; who is
-- signed in stays so.
ALTER TABLE approval.person ALTER COLUMN password_hash SET DEFAULT '';
ALTER TABLE approval.person DISABLE ROW LEVEL SECURITY;
UPDATE approval.person SET password_hash = '';
ALTER TABLE approval.person ENABLE ROW LEVEL SECURITY;

-- The attempt that used the newest code, and when: the same one sent twice at once is one.
ALTER TABLE approval.person
    ADD COLUMN last_attempt bytea,
    ADD COLUMN last_attempt_time timestamptz;
GRANT UPDATE (last_attempt, last_attempt_time) ON approval.person TO chengqing_approval;

ALTER TABLE approval.session
    ADD COLUMN session_id uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Shown to the person whose session it is, and to nobody else.
    ADD COLUMN client_address text NOT NULL DEFAULT '',
    ADD COLUMN browser text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX session_by_id ON approval.session (session_id);

-- A client whose secret was revoked stays known, so that a ceremony that is held again does not bring it back.
ALTER TABLE approval.client ADD COLUMN revoked_time timestamptz;

ALTER TABLE approval.alarm ADD COLUMN kind text NOT NULL DEFAULT 'help';

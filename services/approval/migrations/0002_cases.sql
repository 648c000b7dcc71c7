-- The office's work: cases and their history, findings, alarms, what publish says, halts.

CREATE TABLE approval.case_file (
    case_id              uuid PRIMARY KEY,
    agency_id            uuid NOT NULL REFERENCES approval.agency,
    code                 text NOT NULL,
    -- NULL for a notice.
    claim_id             uuid,
    sentence             text NOT NULL,
    state                text NOT NULL,
    -- Counts what officers and publications change; a claim's growth does not count, so that an officer's
    -- command on a fast-growing claim is not refused for ever.
    state_revision       bigint NOT NULL DEFAULT 1,
    -- The claim's own revision that the counts below are of: the newer wins.
    claim_state_revision bigint NOT NULL DEFAULT 0,
    report_count         bigint NOT NULL DEFAULT 0,
    urgency              integer NOT NULL DEFAULT 0,
    departments          text[] NOT NULL DEFAULT '{}',
    urgent               boolean NOT NULL DEFAULT false,
    due_time             timestamptz,
    open_time            timestamptz NOT NULL,
    note                 text NOT NULL DEFAULT '',
    -- Finished work sinks below what still burns.
    unfinished           boolean NOT NULL GENERATED ALWAYS AS (state NOT IN ('published', 'dismissed')) STORED,
    UNIQUE (agency_id, code),
    UNIQUE (agency_id, claim_id)
);
CREATE INDEX case_file_queue
    ON approval.case_file (agency_id, unfinished DESC, urgent DESC, urgency DESC, report_count DESC, case_id DESC);
ALTER TABLE approval.case_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.case_file FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.case_file
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE ON approval.case_file TO chengqing_approval;

-- What happened to a case, in words. Ordered by arrival under the case's row lock, not by time.
CREATE TABLE approval.case_event (
    case_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency_id     uuid NOT NULL REFERENCES approval.agency,
    case_id       uuid NOT NULL REFERENCES approval.case_file,
    event_time    timestamptz NOT NULL,
    -- Empty for the machine.
    actor         text NOT NULL,
    what          text NOT NULL
);
CREATE INDEX case_event_by_case ON approval.case_event (case_id, case_event_id);
ALTER TABLE approval.case_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.case_event FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.case_event
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT ON approval.case_event TO chengqing_approval;

CREATE TABLE approval.finding (
    finding_id         uuid PRIMARY KEY,
    agency_id          uuid NOT NULL REFERENCES approval.agency,
    case_id            uuid NOT NULL REFERENCES approval.case_file,
    department         text NOT NULL,
    question           text NOT NULL,
    asked_by           uuid NOT NULL REFERENCES approval.person,
    ask_time           timestamptz NOT NULL,
    due_time           timestamptz NOT NULL,
    link_secret_sha256 bytea NOT NULL UNIQUE CHECK (length(link_secret_sha256) = 32),
    verdict            text,
    facts              text,
    evidence           text,
    answered_by        text,
    answer_time        timestamptz,
    -- An answer is whole, and never without what it rests on.
    CHECK (num_nulls(verdict, facts, evidence, answered_by, answer_time) IN (0, 5)),
    CHECK (evidence IS NULL OR evidence <> '')
);
CREATE INDEX finding_by_case ON approval.finding (case_id, ask_time);
ALTER TABLE approval.finding ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.finding FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.finding
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE (verdict, facts, evidence, answered_by, answer_time) ON approval.finding
    TO chengqing_approval;

CREATE TABLE approval.alarm (
    report_id         uuid PRIMARY KEY,
    agency_id         uuid NOT NULL REFERENCES approval.agency,
    masked_text       text NOT NULL,
    raise_time        timestamptz NOT NULL,
    acknowledged_by   uuid REFERENCES approval.person,
    acknowledged_time timestamptz
);
CREATE INDEX alarm_open ON approval.alarm (agency_id, raise_time DESC) WHERE acknowledged_time IS NULL;
ALTER TABLE approval.alarm ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.alarm FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.alarm
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT, UPDATE (acknowledged_by, acknowledged_time) ON approval.alarm TO chengqing_approval;

CREATE TABLE approval.halt (
    agency_id   uuid NOT NULL REFERENCES approval.agency,
    halt_id     uuid NOT NULL,
    scope       text NOT NULL CHECK (scope IN ('clarification', 'account', 'automatic_answers', 'everything')),
    -- The clarification or the account; empty for the wider scopes.
    target      text NOT NULL,
    reason      text NOT NULL,
    ordered_by  uuid NOT NULL REFERENCES approval.person,
    order_time  timestamptz NOT NULL,
    PRIMARY KEY (agency_id, halt_id)
);
ALTER TABLE approval.halt ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.halt FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.halt
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT ON approval.halt TO chengqing_approval;

-- Commands that create something are answered once: the same request finds what it made.
CREATE TABLE approval.request_replay (
    agency_id        uuid NOT NULL REFERENCES approval.agency,
    request_id       uuid NOT NULL,
    operation        text NOT NULL,
    -- SHA-256 of what was asked: one request id never means two things.
    fingerprint      bytea NOT NULL CHECK (length(fingerprint) = 32),
    subject_id       uuid NOT NULL,
    subject_revision bigint NOT NULL,
    PRIMARY KEY (agency_id, request_id)
);
ALTER TABLE approval.request_replay ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval.request_replay FORCE ROW LEVEL SECURITY;
CREATE POLICY agency ON approval.request_replay
    USING (agency_id = current_setting('chengqing.agency', true)::uuid);
GRANT SELECT, INSERT ON approval.request_replay TO chengqing_approval;

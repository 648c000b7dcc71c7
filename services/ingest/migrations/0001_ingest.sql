-- Messages, reports and reporters; the signed words that may answer them; the answers and how each one ended.
-- Every table belongs to agencies and is fenced by row-level security at the end of this file.

DO $$ BEGIN
    CREATE ROLE chengqing_ingest NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$;

CREATE SCHEMA IF NOT EXISTS ingest;
GRANT USAGE ON SCHEMA ingest TO chengqing_ingest;

-- One row per agency, for its locks: what decides about answers holds it FOR KEY SHARE, what changes the rules
-- for all of them (a halt, a clarification that becomes usable) holds it FOR UPDATE.
CREATE TABLE ingest.agency (
    agency_id uuid PRIMARY KEY,
    -- The last receipt number given out.
    receipt_last bigint NOT NULL DEFAULT 0
);

-- Who sent something. Outside this service a reporter is its reporter_id and nothing else.
CREATE TABLE ingest.reporter (
    agency_id uuid NOT NULL,
    reporter_id uuid NOT NULL,
    -- HMAC of the name under which the channel knows the person; NULL once the person was forgotten.
    lookup_key bytea,
    -- The person's own key, wrapped by the master key. Erasing it forgets the person: the identity below and
    -- the originals of every report can then never be read again.
    wrapped_key bytea,
    -- The platform's name for the person, sealed under the key above.
    identity bytea NOT NULL,
    -- The account that can answer the person; NULL where no machine can.
    account text,
    -- False after an unsubscribe, until the person subscribes or writes again.
    reachable boolean NOT NULL DEFAULT true,
    created_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, reporter_id)
);
CREATE UNIQUE INDEX reporter_lookup ON ingest.reporter (agency_id, lookup_key);

CREATE TABLE ingest.report (
    agency_id uuid NOT NULL,
    report_id uuid NOT NULL,
    -- The caller's request, for replay.
    request_id uuid,
    -- HMAC of the submitter's own id of this record, or of the account and the platform's message id.
    external_key bytea,
    channel text NOT NULL CHECK (channel IN ('wechat', 'microblog', 'hotline', 'partner')),
    -- "text", or the platform's kind of a message without words.
    message_type text NOT NULL,
    reporter_id uuid,
    -- True where the reporter waits for an immediate reply to this very message.
    replied_at_once boolean NOT NULL,
    masked_text text NOT NULL,
    seen_at text NOT NULL,
    -- The original, sealed under its own key; that key, wrapped by the reporter's, or by the master key where
    -- there is no reporter.
    sealed bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    said_time timestamptz NOT NULL,
    received_time timestamptz NOT NULL,
    -- What the citizen is told as the receipt number, behind the agency's prefix.
    receipt_number bigint,
    PRIMARY KEY (agency_id, report_id)
);
CREATE UNIQUE INDEX report_request ON ingest.report (agency_id, request_id) WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX report_external ON ingest.report (agency_id, external_key) WHERE external_key IS NOT NULL;
CREATE INDEX report_reporter ON ingest.report (agency_id, reporter_id, report_id) WHERE reporter_id IS NOT NULL;

-- What classification understood. The row of a report that was moved to another claim follows it.
CREATE TABLE ingest.assignment (
    agency_id uuid NOT NULL,
    report_id uuid NOT NULL,
    intent text NOT NULL CHECK (intent IN
        ('report', 'question', 'complaint', 'help', 'observation', 'other')),
    claim_id uuid,
    answered_by uuid,
    assigned_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, report_id)
);
CREATE INDEX assignment_claim ON ingest.assignment (agency_id, claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX assignment_answered ON ingest.assignment (agency_id, answered_by) WHERE answered_by IS NOT NULL;

-- Signed clarifications that this service has itself verified. The columns beside the bundle only choose rows;
-- every word that goes out is read from the bundle, verified again, and must agree with them.
CREATE TABLE ingest.clarification (
    agency_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    case_id uuid NOT NULL,
    claim_id uuid,
    kind text NOT NULL,
    response_level text NOT NULL,
    automatic_answer boolean NOT NULL,
    bundle bytea NOT NULL,
    accepted_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, clarification_id, revision)
);
CREATE INDEX clarification_claim ON ingest.clarification (agency_id, claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX clarification_kind ON ingest.clarification (agency_id, kind, accepted_time);

-- What did not verify: never used, kept so that a person can see why.
CREATE TABLE ingest.refused_clarification (
    agency_id uuid NOT NULL,
    event_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    refused_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, event_id)
);

-- Revoked up to and including this revision. May be here before the clarification is.
CREATE TABLE ingest.revocation (
    agency_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (agency_id, clarification_id)
);

-- The public pages of clarifications, as publish reports them; may be here before the clarification is.
CREATE TABLE ingest.page (
    agency_id uuid NOT NULL,
    publication_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('not_yet', 'confirmed', 'withdrawn')),
    state_revision bigint NOT NULL,
    PRIMARY KEY (agency_id, publication_id)
);
CREATE INDEX page_clarification ON ingest.page (agency_id, clarification_id, revision);

-- The newest revision of each clarification that the public may be told now: verified, not revoked, and either
-- for askers only or with its page up. A withdrawn newest revision does not bring an older one back.
CREATE VIEW ingest.live_clarification WITH (security_invoker = true) AS
SELECT newest.agency_id, newest.clarification_id, newest.revision, newest.claim_id, newest.automatic_answer
FROM (
    SELECT DISTINCT ON (c.agency_id, c.clarification_id)
        c.agency_id, c.clarification_id, c.revision, c.claim_id, c.automatic_answer,
        coalesce(p.state, 'confirmed') AS state
    FROM ingest.clarification c
    LEFT JOIN ingest.page p
        ON p.agency_id = c.agency_id AND p.clarification_id = c.clarification_id AND p.revision = c.revision
        AND p.state <> 'not_yet'
    WHERE c.kind NOT IN ('holding', 'standing_replies')
        AND (c.response_level = 'answer_only' OR p.publication_id IS NOT NULL)
    ORDER BY c.agency_id, c.clarification_id, c.revision DESC
) newest
WHERE newest.state = 'confirmed'
    AND NOT EXISTS (
        SELECT 1 FROM ingest.revocation r
        WHERE r.agency_id = newest.agency_id AND r.clarification_id = newest.clarification_id
            AND r.revision >= newest.revision
    );

-- What was replied to a platform's message within its five seconds: decided once, replayed to a redelivery. It
-- points at signed words and holds none, so that a changed row can never make up any.
CREATE TABLE ingest.reply (
    agency_id uuid NOT NULL,
    -- As report.external_key.
    message_key bytea NOT NULL,
    reporter_id uuid,
    -- none: acknowledged without words.
    source text NOT NULL CHECK (source IN ('automatic', 'clarification', 'holding', 'standing', 'none')),
    clarification_id uuid,
    revision bigint,
    rendition text,
    receipt_number bigint,
    decided_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, message_key),
    CHECK ((source = 'none') = (clarification_id IS NULL)),
    CHECK ((source = 'none') = (revision IS NULL)),
    CHECK ((source = 'none') = (rendition IS NULL))
);
CREATE INDEX reply_reporter ON ingest.reply (agency_id, reporter_id, decided_time) WHERE reporter_id IS NOT NULL;

-- One message to one reporter about one published revision.
CREATE TABLE ingest.answer (
    agency_id uuid NOT NULL,
    answer_id uuid NOT NULL DEFAULT gen_random_uuid(),
    reporter_id uuid NOT NULL,
    clarification_id uuid NOT NULL,
    revision bigint NOT NULL,
    claim_id uuid,
    account text NOT NULL,
    rendition text NOT NULL,
    state text NOT NULL CHECK (state IN
        ('pending', 'sending', 'sent', 'replied', 'unknown', 'unreachable', 'halted')),
    reason text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0,
    -- The attempt under way, or the last one.
    attempt_id uuid,
    next_attempt_time timestamptz NOT NULL,
    -- While sending: after this the replica that sent is taken for dead and the outcome for unknown.
    lease_end_time timestamptz,
    changed_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, answer_id)
);
CREATE UNIQUE INDEX answer_once ON ingest.answer (agency_id, reporter_id, clarification_id, revision);
CREATE INDEX answer_due ON ingest.answer (agency_id, next_attempt_time) WHERE state = 'pending';
CREATE INDEX answer_sending ON ingest.answer (agency_id, lease_end_time) WHERE state = 'sending';
CREATE INDEX answer_claim ON ingest.answer (agency_id, claim_id, answer_id);
CREATE INDEX answer_clarification ON ingest.answer (agency_id, clarification_id, state);

-- One call to the platform. Committed before the call, completed after it.
CREATE TABLE ingest.attempt (
    agency_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    answer_id uuid NOT NULL,
    begun_time timestamptz NOT NULL,
    ended_time timestamptz,
    outcome text NOT NULL CHECK (outcome IN ('begun', 'sent', 'unreachable', 'not_now', 'unknown')),
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (agency_id, attempt_id)
);
CREATE INDEX attempt_answer ON ingest.attempt (agency_id, answer_id);

CREATE TABLE ingest.halt (
    agency_id uuid NOT NULL,
    halt_id uuid NOT NULL,
    -- NULL: every automatic answer of the agency.
    clarification_id uuid,
    reason text NOT NULL,
    ordered_by text NOT NULL,
    order_time timestamptz NOT NULL,
    end_time timestamptz,
    stopped bigint NOT NULL,
    already_out bigint NOT NULL,
    PRIMARY KEY (agency_id, halt_id)
);
CREATE INDEX halt_active ON ingest.halt (agency_id) WHERE end_time IS NULL;

-- Requests to go on again, so that a replayed one cannot lift a later halt.
CREATE TABLE ingest.resumption (
    agency_id uuid NOT NULL,
    request_id uuid NOT NULL,
    clarification_id uuid,
    ordered_by text NOT NULL,
    order_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, request_id)
);

-- Callbacks that were already acted on, by their timestamp, nonce and signature; kept while their timestamp is
-- inside the window.
CREATE TABLE ingest.callback_seen (
    agency_id uuid NOT NULL,
    seen_key bytea NOT NULL,
    forget_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, seen_key)
);
CREATE INDEX callback_seen_forget ON ingest.callback_seen (agency_id, forget_time);

-- Callbacks that surely came from the platform and could not be read: kept, sealed, for a person.
CREATE TABLE ingest.unreadable_callback (
    agency_id uuid NOT NULL,
    unreadable_id uuid NOT NULL,
    account text NOT NULL,
    sealed bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    reason text NOT NULL,
    received_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, unreadable_id)
);

-- Platform notices that were passed on, by the HMAC of the platform's dedupe key.
CREATE TABLE ingest.platform_notice (
    agency_id uuid NOT NULL,
    notice_key bytea NOT NULL,
    account text NOT NULL,
    received_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, notice_key)
);

DO $$
DECLARE
    fenced text;
BEGIN
    FOREACH fenced IN ARRAY ARRAY[
        'agency', 'reporter', 'report', 'assignment', 'clarification', 'refused_clarification', 'revocation',
        'page', 'reply', 'answer', 'attempt', 'halt', 'resumption', 'callback_seen', 'unreadable_callback',
        'platform_notice'
    ] LOOP
        EXECUTE format('ALTER TABLE ingest.%I ENABLE ROW LEVEL SECURITY', fenced);
        EXECUTE format('ALTER TABLE ingest.%I FORCE ROW LEVEL SECURITY', fenced);
        EXECUTE format(
            'CREATE POLICY agency ON ingest.%I USING (agency_id = current_setting(''chengqing.agency'', true)::uuid)',
            fenced
        );
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON ingest.%I TO chengqing_ingest', fenced);
    END LOOP;
END $$;
GRANT DELETE ON ingest.callback_seen TO chengqing_ingest;
GRANT SELECT ON ingest.live_clarification TO chengqing_ingest;

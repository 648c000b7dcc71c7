-- What was signed, what goes out where, every call that was made, and everything that stops it.

DO $$ BEGIN CREATE ROLE chengqing_publish NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL; END $$;

CREATE SCHEMA IF NOT EXISTS publish;

-- A revision as approval announced it. What is said is read from `bundle` alone, and only after it verified.
CREATE TABLE publish.clarification (
    agency_id        uuid        NOT NULL,
    clarification_id uuid        NOT NULL,
    revision         bigint      NOT NULL CHECK (revision > 0),
    case_id          uuid        NOT NULL,
    bundle           bytea       CHECK (octet_length(bundle) <= 1048576),
    -- When the bundle verified here; NULL when it was refused, and then `refusal` says why.
    verified_time    timestamptz,
    refusal          text,
    -- The span of the announcement, so that the trace goes on to the platform's confirmation.
    traceparent      text,
    PRIMARY KEY (agency_id, clarification_id, revision),
    CHECK ((verified_time IS NULL) = (refusal IS NOT NULL)),
    CHECK (verified_time IS NULL OR bundle IS NOT NULL)
);

CREATE TABLE publish.publication (
    publication_id   uuid        PRIMARY KEY,
    agency_id        uuid        NOT NULL,
    -- The order of planning: lists and senders follow it, never ids or clocks.
    sequence         bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    case_id          uuid        NOT NULL,
    clarification_id uuid        NOT NULL,
    revision         bigint      NOT NULL,
    channel          text        NOT NULL CHECK (channel IN ('page', 'wechat', 'weibo')),
    account          text        NOT NULL,
    title            text        NOT NULL,
    state            text        NOT NULL CHECK (state IN ('planned', 'sending', 'uncertain', 'accepted',
                                 'confirmed', 'failed', 'halted', 'refused', 'withdrawn', 'needs_person')),
    reason           text        NOT NULL,
    url              text        NOT NULL,
    platform_id      text        NOT NULL,
    -- Why nothing more may be written for it, once that is so; empty otherwise.
    stopped          text        NOT NULL,
    state_revision   bigint      NOT NULL CHECK (state_revision > 0),
    planned_time     timestamptz NOT NULL,
    changed_time     timestamptz NOT NULL,
    -- When its sender has to look at it next; NULL when never.
    due_time         timestamptz,
    -- One automatic write per revision and account (G3).
    UNIQUE (agency_id, clarification_id, revision, channel, account),
    FOREIGN KEY (agency_id, clarification_id, revision) REFERENCES publish.clarification
);

CREATE INDEX publication_by_sender ON publish.publication (agency_id, channel, account, sequence)
    WHERE due_time IS NOT NULL;
CREATE INDEX publication_by_case ON publish.publication (agency_id, case_id, sequence);
CREATE INDEX publication_by_agency ON publish.publication (agency_id, sequence);

-- One call to a platform. Written before the call, completed after it.
CREATE TABLE publish.attempt (
    attempt_id     uuid        PRIMARY KEY,
    agency_id      uuid        NOT NULL,
    sequence       bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    publication_id uuid        NOT NULL REFERENCES publish.publication,
    channel        text        NOT NULL,
    account        text        NOT NULL,
    operation      text        NOT NULL,
    -- Whether the call itself can make something public.
    is_write       boolean     NOT NULL,
    begun_time     timestamptz NOT NULL,
    outcome        text        NOT NULL CHECK (outcome IN ('begun', 'accepted', 'refused', 'unknown')),
    detail         text        NOT NULL,
    -- True once reading the platform proved that this write never took effect.
    proven_absent  boolean     NOT NULL DEFAULT false
);

CREATE INDEX attempt_by_publication ON publish.attempt (agency_id, publication_id, sequence);
-- Never two writes under way on one account, whoever believes to hold its lock.
CREATE UNIQUE INDEX attempt_one_write_at_a_time ON publish.attempt (agency_id, channel, account)
    WHERE is_write AND outcome = 'begun';

-- A WeChat mass send: its idempotency key, its draft, and the job that it became.
CREATE TABLE publish.push (
    publication_id uuid        PRIMARY KEY REFERENCES publish.publication,
    agency_id      uuid        NOT NULL,
    account        text        NOT NULL,
    client_msg_id  text        NOT NULL CHECK (octet_length(client_msg_id) BETWEEN 1 AND 32),
    draft_media_id text,
    -- The first time that the platform may have heard of it; its protection lasts 24 hours from here.
    first_write_time timestamptz,
    -- The Beijing day whose quota it used, or may have used.
    quota_day      date,
    msg_id         bigint,
    msg_data_id    bigint,
    UNIQUE (agency_id, account, client_msg_id)
);

CREATE INDEX push_by_job ON publish.push (agency_id, account, msg_id);
CREATE INDEX push_by_day ON publish.push (agency_id, account, quota_day);

-- How mass jobs ended, as the platform called back; kept because a notice may come before the job's id is known.
CREATE TABLE publish.platform_notice (
    agency_id    uuid        NOT NULL,
    account      text        NOT NULL,
    msg_id       bigint      NOT NULL,
    status       text        NOT NULL,
    total_count  bigint      NOT NULL,
    sent_count   bigint      NOT NULL,
    error_count  bigint      NOT NULL,
    article_url  text        NOT NULL,
    received_time timestamptz NOT NULL,
    PRIMARY KEY (agency_id, account, msg_id)
);

CREATE TABLE publish.halt (
    agency_id        uuid        NOT NULL,
    halt_id          uuid        NOT NULL,
    scope            text        NOT NULL CHECK (scope IN ('clarification', 'account', 'everything')),
    clarification_id uuid,
    account          text,
    reason           text        NOT NULL,
    order_time       timestamptz NOT NULL,
    resume_time      timestamptz,
    -- What the first answer said, so that a repeated request hears the same.
    stopped          uuid[]      NOT NULL,
    already_out      uuid[]      NOT NULL,
    PRIMARY KEY (agency_id, halt_id),
    CHECK ((scope = 'clarification') = (clarification_id IS NOT NULL)),
    CHECK ((scope = 'account') = (account IS NOT NULL))
);

CREATE INDEX halt_in_force ON publish.halt (agency_id) WHERE resume_time IS NULL;

-- A clarification that must not go out any more, up to and including this revision.
CREATE TABLE publish.revocation (
    agency_id        uuid        NOT NULL,
    clarification_id uuid        NOT NULL,
    revision         bigint      NOT NULL,
    reason           text        NOT NULL,
    PRIMARY KEY (agency_id, clarification_id)
);

-- Commands of people that were carried out, so that a repeated one changes nothing.
CREATE TABLE publish.request (
    agency_id  uuid NOT NULL,
    request_id uuid NOT NULL,
    operation  text NOT NULL,
    PRIMARY KEY (agency_id, request_id)
);

-- The cover picture as an account's permanent material.
CREATE TABLE publish.cover (
    agency_id    uuid NOT NULL,
    account      text NOT NULL,
    picture_hash bytea NOT NULL CHECK (octet_length(picture_hash) = 32),
    media_id     text NOT NULL,
    PRIMARY KEY (agency_id, account, picture_hash)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['clarification', 'publication', 'attempt', 'push', 'platform_notice', 'halt',
                                'revocation', 'request', 'cover'] LOOP
        EXECUTE format('ALTER TABLE publish.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE publish.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY agency ON publish.%I USING (agency_id = current_setting(''chengqing.agency'', true)::uuid) '
                       'WITH CHECK (agency_id = current_setting(''chengqing.agency'', true)::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON publish.%I TO chengqing_publish', name);
    END LOOP;
END $$;

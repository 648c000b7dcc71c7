-- Departments' links end, can be withdrawn and issued anew, and ask for a code that is told by phone.
ALTER TABLE approval.finding
    -- How often a link was issued. 0: from before there were codes; such a link works without one until it ends.
    ADD COLUMN link_number integer NOT NULL DEFAULT 0,
    -- A MAC, under the service's pepper, of the code: six digits could be guessed from a hash.
    ADD COLUMN code_mac bytea CHECK (length(code_mac) = 32),
    -- Wrong codes since this link was issued.
    ADD COLUMN code_failures integer NOT NULL DEFAULT 0,
    ADD COLUMN withdraw_time timestamptz;
GRANT UPDATE (link_secret_sha256, due_time, link_number, code_mac, code_failures, withdraw_time) ON approval.finding
    TO chengqing_approval;

-- For which department a checker checks: the cases of that department are what a checker sees. The ceremony writes it.
ALTER TABLE approval.person ADD COLUMN department text NOT NULL DEFAULT '';

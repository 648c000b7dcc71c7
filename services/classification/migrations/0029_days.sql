-- 明天 is another day tomorrow: relative days are read against the day on which they were said.

-- The day, in Beijing, on which the words that opened the claim were said; NULL where an earlier version wrote the claim:
-- then the day of its first report stands for it.
ALTER TABLE classification.claim ADD COLUMN said_on date;

-- The days that the signed claim sentence names, as spans: 2026-11-23 or 2026-11-30/2026-12-05, separated by blanks.
ALTER TABLE classification.clarification ADD COLUMN days text NOT NULL DEFAULT '';
ALTER TABLE classification.index_change ADD COLUMN days text NOT NULL DEFAULT '';

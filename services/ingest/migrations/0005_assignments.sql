-- A report can be moved to another claim, and the word of that may overtake the first one: the newer wins.
ALTER TABLE ingest.assignment ADD COLUMN assignment_revision bigint NOT NULL DEFAULT 0;

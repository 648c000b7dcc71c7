-- Until when a signed clarification holds, in Unix seconds; 0: without an end. After it the machine answers nobody with it.
ALTER TABLE classification.clarification ADD COLUMN valid_until bigint NOT NULL DEFAULT 0;
ALTER TABLE classification.index_change ADD COLUMN valid_until bigint NOT NULL DEFAULT 0;

-- When so many citizens said that an automatic answer was wrong that a person should look, although they do not weigh
-- enough to switch it off.
ALTER TABLE classification.suspension ADD COLUMN doubted_time timestamptz;

-- An index that starts from a file asks which clarifications were known at that point of the log.
CREATE INDEX index_change_of_clarification
    ON classification.index_change (agency_id, clarification_id, change_id DESC)
    WHERE clarification_id IS NOT NULL;

-- The span that opened a case: what people do for it much later links back to the trace that began with a
-- citizen's message.
ALTER TABLE approval.case_file ADD COLUMN opening_traceparent text;

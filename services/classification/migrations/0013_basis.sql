-- What a judgement rests on: nearest neighbours with what each figure contributed, matched words, versions of rules and
-- models, the last change to the index. NULL for what was judged before this was kept.
ALTER TABLE classification.report ADD COLUMN basis jsonb;

GRANT UPDATE (basis) ON classification.report TO chengqing_classification;

-- Where a claim stands among those of equal urgency, as a trained model hints when the claim is opened; NULL without one.
-- For order alone: it is no verdict and is shown to nobody.
ALTER TABLE classification.claim ADD COLUMN order_hint smallint CHECK (order_hint BETWEEN 0 AND 100);

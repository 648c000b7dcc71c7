-- A toy service: things that were made, and the effect that each had elsewhere.

CREATE SCHEMA IF NOT EXISTS toy;

CREATE TABLE toy.made (number bigint PRIMARY KEY);

-- Nothing here keeps an effect from happening twice: only the inbox does.
CREATE TABLE toy.effect (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency_id uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 0)
);

GRANT SELECT, INSERT ON toy.made, toy.effect TO chengqing_toy;

-- What people did about dead letters and parked events: kept for ever, and a table of its own, since lanes write dead_letter and
-- retries take rows out of parked. projection '' = a dead letter; else an event that was taken out of that projection.
CREATE TABLE IF NOT EXISTS letter_decision (
    projection   text NOT NULL,
    topic        text NOT NULL,
    partition    int NOT NULL,
    "offset"     int8 NOT NULL,
    sent_at      timestamptz, -- a dead command was sent again: the issued_at of its one retry
    decided_as   text,        -- retried, skipped; NULL = sent, and what became of it is not written down yet
    decided_by   text,
    note         text,        -- the reason given, or what became of it
    decided_at   timestamptz,
    aggregate_id uuid,        -- of a skipped event, whose row in parked is gone
    event_type   text,
    detail       text,
    value        bytea,
    PRIMARY KEY (projection, topic, partition, "offset")
);

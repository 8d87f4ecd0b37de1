-- hirelog_<service>: what outlives every generation of the view. Created by `hirelog migrate`.

-- Which generation is live. rebuild_id names this life of the schema: another one means that claims may be lost (C3).
CREATE TABLE control (
    single     bool PRIMARY KEY CHECK (single),
    generation int NOT NULL,
    rebuild_id uuid NOT NULL
);

-- Who holds a key that must be unique across partitions, such as an e-mail address (C1, C2).
CREATE TABLE claim (
    key            text PRIMARY KEY,
    aggregate_id   uuid NOT NULL,
    partition      int NOT NULL,
    command_offset int8 NOT NULL,
    command_id     uuid NOT NULL,
    confirmed      bool NOT NULL
);

-- Commands that no lane could decide, with their bytes (W6).
CREATE TABLE dead_letter (
    topic      text NOT NULL,
    partition  int NOT NULL,
    "offset"   int8 NOT NULL,
    command_id uuid,
    reason     text NOT NULL,
    detail     text,
    value      bytea,
    at         timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);

-- Commands whose senders got a 202 before their outcome was known. sender NULL: anonymous.
CREATE TABLE pending_command (
    command_id     uuid PRIMARY KEY,
    sender         uuid,
    partition      int NOT NULL,
    command_offset int8,
    at             timestamptz NOT NULL
);
CREATE INDEX pending_command_at ON pending_command (at);

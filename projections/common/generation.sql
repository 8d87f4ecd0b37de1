-- hirelog_<service>_g<N>: what every generation of every view has, before the service's own schema.sql.

-- One row per partition: who owns it and how far the view is. Written by every batch, so that pages keep room for the next
-- version of a row and no index but the key's stands in the way of a heap-only update.
CREATE TABLE lane (
    partition      int PRIMARY KEY,
    owner          text,
    epoch          int8 NOT NULL,
    backend_pid    int,
    backend_start  timestamptz,
    next_event     int8 NOT NULL,
    next_command   int8 NOT NULL,
    fold_version   int NOT NULL,
    fold_next      int8 NOT NULL,
    claims_rebuild text,
    cluster_id     text,
    first_event_id uuid,
    last_event_id  uuid
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- What was decided on each command, for repeats and for those who ask later (I2, I3).
CREATE TABLE outcome (
    command_id     uuid PRIMARY KEY,
    partition      int NOT NULL,
    command_offset int8 NOT NULL,
    status         text NOT NULL, -- applied, rejected
    reason         text,
    aggregate_id   uuid,
    version        int8 NOT NULL,
    sender         uuid,
    digest         bytea,
    next_event     int8 NOT NULL,
    decided_at     timestamptz NOT NULL,
    key            uuid -- the command's partition key: a repeat's digest needs it, and the view may have lost what told it
);
CREATE INDEX outcome_age ON outcome (partition, decided_at);

-- What the decider knows of each aggregate, as an Avro record, with a position of its own (W10).
CREATE TABLE state (
    fold_version int NOT NULL,
    aggregate_id uuid NOT NULL,
    partition    int NOT NULL,
    version      int8 NOT NULL,
    etag         int8 NOT NULL,
    data         bytea NOT NULL,
    position     int8 NOT NULL,
    PRIMARY KEY (fold_version, aggregate_id)
) WITH (fillfactor = 80);

-- How far the projectors of this service have read other services' events (P2).
CREATE TABLE position (
    source    text NOT NULL,
    partition int NOT NULL,
    next      int8 NOT NULL,
    PRIMARY KEY (source, partition)
) WITH (fillfactor = 10);

-- Events that the read model refused, and what came behind them for the same aggregate, until a person has looked at them (P2).
CREATE TABLE parked (
    projection   text NOT NULL, -- events, from_<source>
    partition    int NOT NULL,
    "offset"     int8 NOT NULL,
    aggregate_id uuid NOT NULL,
    event_type   text NOT NULL, -- '' when it could not be read
    detail       text,          -- why, of the first one; NULL = stands behind that
    value        bytea NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (projection, partition, "offset")
);
CREATE INDEX parked_aggregate ON parked (aggregate_id);

-- How the API writes times and money. Inlined by the planner.
CREATE FUNCTION json_time(timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
CREATE FUNCTION json_money(amount int8, currency text) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN json_build_object('amount', amount, 'currency', currency);

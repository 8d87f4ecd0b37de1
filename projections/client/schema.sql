-- The view of client: profiles of its own, and what the events of user, job and payment say of the same people (P1: each table has
-- one writer, the lane or the projector of one source). version is what replays compare; a profile's is also the ETag's.

CREATE TABLE profile (
    client_id  uuid PRIMARY KEY,
    company    text NOT NULL,
    website    text NOT NULL,
    about      text NOT NULL,
    version    int8 NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX profile_newest ON profile (created_at, client_id);

-- from_user
CREATE TABLE person (
    client_id    uuid PRIMARY KEY,
    display_name text NOT NULL,
    version      int8 NOT NULL
) WITH (fillfactor = 85);

-- from_job
CREATE TABLE posting (
    job_id          uuid PRIMARY KEY,
    client_id       uuid NOT NULL,
    title           text NOT NULL,
    description     text NOT NULL,
    skills          text[] NOT NULL,
    budget_amount   int8 NOT NULL,
    budget_currency text NOT NULL,
    status          text NOT NULL, -- open, filled, closed
    version         int8 NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX posting_by_client ON posting (client_id, created_at, job_id);

-- A client's jobs lie in many partitions: one row for each that has some, summed by queries. Counted where a posting is new.
CREATE TABLE posting_total (
    client_id   uuid NOT NULL,
    partition   int8 NOT NULL, -- of the source
    jobs_posted int8 NOT NULL,
    PRIMARY KEY (client_id, partition)
) WITH (fillfactor = 70);

CREATE TABLE hire (
    contract_id   uuid PRIMARY KEY,
    job_id        uuid NOT NULL,
    client_id     uuid NOT NULL,
    freelancer_id uuid NOT NULL,
    status        text NOT NULL, -- active, completed, cancelled
    version       int8 NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
) WITH (fillfactor = 85);

-- Every hire counts, whatever became of it.
CREATE TABLE hire_total (
    client_id uuid NOT NULL,
    partition int8 NOT NULL, -- of the source
    hires     int8 NOT NULL,
    PRIMARY KEY (client_id, partition)
) WITH (fillfactor = 70);

-- from_payment
CREATE TABLE payment (
    payment_id uuid PRIMARY KEY,
    client_id  uuid NOT NULL,
    amount     int8 NOT NULL,
    refunded   int8 NOT NULL,
    currency   text NOT NULL,
    version    int8 NOT NULL
) WITH (fillfactor = 85);

-- Net of refunds. Payments lie in their freelancers' partitions.
CREATE TABLE spending (
    client_id uuid NOT NULL,
    partition int8 NOT NULL, -- of the source
    currency  text NOT NULL,
    amount    int8 NOT NULL,
    PRIMARY KEY (client_id, partition, currency)
) WITH (fillfactor = 70);

-- The view of freelancer: profiles of its own, and what the events of user, job and payment say of the same people (P1: each table
-- has one writer, the lane or the projector of one source). version is what replays compare; a profile's is also the ETag's.

-- Words are searched for by the configuration 'simple': names and skills are no English, where Will and IT are stop words.
CREATE TABLE profile (
    freelancer_id uuid PRIMARY KEY,
    headline      text NOT NULL,
    skills        text[] NOT NULL,
    rate_amount   int8,
    rate_currency text,
    available     bool NOT NULL,
    skill_keys    text[] NOT NULL,   -- as one asks for them: in lower case
    words         tsvector NOT NULL, -- of headline (B) and skills (C)
    version       int8 NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX profile_newest ON profile (created_at, freelancer_id);
CREATE INDEX profile_words ON profile USING gin (words, skill_keys) WITH (fastupdate = on, gin_pending_list_limit = 256);
CREATE INDEX profile_rate ON profile (rate_currency, rate_amount);

-- from_user
CREATE TABLE person (
    freelancer_id uuid PRIMARY KEY,
    display_name  text NOT NULL,
    words         tsvector NOT NULL, -- of the name (A)
    version       int8 NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX person_words ON person USING gin (words) WITH (fastupdate = on, gin_pending_list_limit = 256);

-- from_job
CREATE TABLE application (
    application_id uuid PRIMARY KEY,
    job_id         uuid NOT NULL,
    freelancer_id  uuid NOT NULL,
    cover_letter   text NOT NULL,
    bid_amount     int8 NOT NULL,
    bid_currency   text NOT NULL,
    status         text NOT NULL,          -- submitted, withdrawn, declined, accepted
    past_status    text[] NOT NULL,        -- every one it ever had, the present one last
    past_at        timestamptz[] NOT NULL, -- since when
    version        int8 NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    submitted_at   timestamptz NOT NULL,   -- the last time
    decided_at     timestamptz             -- declined or accepted
) WITH (fillfactor = 85);
CREATE INDEX application_by_freelancer ON application (freelancer_id, created_at, application_id);

CREATE TABLE contract (
    contract_id    uuid PRIMARY KEY,
    job_id         uuid NOT NULL,
    application_id uuid NOT NULL,
    client_id      uuid NOT NULL,
    freelancer_id  uuid NOT NULL,
    amount         int8 NOT NULL,
    currency       text NOT NULL,
    status         text NOT NULL, -- active, completed, cancelled
    version        int8 NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX contract_completed ON contract (freelancer_id, created_at, contract_id) WHERE status = 'completed';

-- A freelancer's contracts lie in many partitions: one row for each that has some, summed by queries. Counted where a contract
-- becomes completed.
CREATE TABLE completed_total (
    freelancer_id uuid NOT NULL,
    partition     int8 NOT NULL, -- of the source
    completed     int8 NOT NULL,
    PRIMARY KEY (freelancer_id, partition)
) WITH (fillfactor = 70);

-- from_payment
CREATE TABLE payment (
    payment_id    uuid PRIMARY KEY,
    freelancer_id uuid NOT NULL,
    amount        int8 NOT NULL,
    refunded      int8 NOT NULL,
    currency      text NOT NULL,
    version       int8 NOT NULL
) WITH (fillfactor = 85);

-- Net of refunds.
CREATE TABLE earning (
    freelancer_id uuid NOT NULL,
    partition     int8 NOT NULL, -- of the source
    currency      text NOT NULL,
    amount        int8 NOT NULL,
    PRIMARY KEY (freelancer_id, partition, currency)
) WITH (fillfactor = 70);

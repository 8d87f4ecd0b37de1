-- The view of job: postings, applications, contracts, made of events alone (P1). version is the ETag and what replays compare.

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
);
-- Lists are newest first, their indexes ascend all the same and are read backwards: where keys grow PostgreSQL fills its pages.
CREATE INDEX posting_by_status ON posting (status, created_at, job_id);
CREATE INDEX posting_by_client ON posting (client_id, created_at, job_id);

CREATE TABLE application (
    application_id uuid PRIMARY KEY,
    job_id         uuid NOT NULL,
    freelancer_id  uuid NOT NULL,
    cover_letter   text NOT NULL,
    bid_amount     int8 NOT NULL,
    bid_currency   text NOT NULL,
    status         text NOT NULL, -- submitted, withdrawn, declined, accepted
    version        int8 NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    submitted_at   timestamptz NOT NULL, -- the last time
    decided_at     timestamptz           -- declined or accepted
) WITH (fillfactor = 85);
CREATE INDEX application_by_job ON application (job_id, created_at, application_id);

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
CREATE INDEX contract_by_client ON contract (client_id, created_at, contract_id);
CREATE INDEX contract_by_freelancer ON contract (freelancer_id, created_at, contract_id);

-- What jobs are searched by (from_job: made off the write path, so that posting stays fast). Narrow, because a search for a frequent
-- word looks through the newest rows. The texts are not kept: an edit takes the words of what it leaves alone out of `words` by weight.
-- Words are looked for by the configuration 'english': developer finds developers, and what every text has (the, for, with) costs
-- nothing. Other languages' words are changed on both sides alike, so that they still match.
CREATE TABLE search (
    job_id          uuid PRIMARY KEY,
    status          text NOT NULL,
    skill_keys      text[] NOT NULL, -- as one asks for them: in lower case
    budget_amount   int8 NOT NULL,
    budget_currency text NOT NULL,
    words           tsvector NOT NULL, -- of title (A), description (D), skills (B), in this order
    version         int8 NOT NULL,
    created_at      timestamptz NOT NULL
) WITH (fillfactor = 85);
-- Every search is one of a status.
CREATE INDEX search_newest ON search (status, created_at, job_id);
CREATE INDEX search_by_budget ON search (budget_currency, budget_amount);
-- A pending list makes filling it cheap; a short one (kB), as every search has to read through it.
CREATE INDEX search_words ON search USING gin (words, skill_keys) WITH (fastupdate = on, gin_pending_list_limit = 256);

-- ApplicationSubmitted -> application.  Comes again after a withdrawal: the row keeps its id, its first time and its past.
INSERT INTO application AS a (application_id, job_id, freelancer_id, cover_letter, bid_amount, bid_currency, status, past_status,
                              past_at, version, created_at, updated_at, submitted_at, decided_at)
SELECT e.application_id, e.job_id, e.freelancer_id, e.cover_letter, e.bid_amount, e.bid_currency, 'submitted',
       ARRAY['submitted'], ARRAY[e.occurred_at], e.version, e.occurred_at, e.occurred_at, e.occurred_at, NULL
FROM unnest(:aggregate_id, :job_id, :freelancer_id, :cover_letter, :bid_amount, :bid_currency, :version, :occurred_at)
    AS e (application_id, job_id, freelancer_id, cover_letter, bid_amount, bid_currency, version, occurred_at)
ON CONFLICT (application_id) DO UPDATE
SET cover_letter = excluded.cover_letter, bid_amount = excluded.bid_amount, bid_currency = excluded.bid_currency,
    status = excluded.status, past_status = a.past_status || excluded.past_status, past_at = a.past_at || excluded.past_at,
    version = excluded.version, updated_at = excluded.updated_at, submitted_at = excluded.submitted_at, decided_at = NULL
WHERE a.version < excluded.version;

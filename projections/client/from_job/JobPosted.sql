-- insert-only
-- JobPosted -> posting, posting_total.  Replays change nothing.
WITH posted AS (
    INSERT INTO posting (job_id, client_id, title, description, skills, budget_amount, budget_currency, status, version,
                         created_at, updated_at)
    SELECT e.job_id, e.client_id, e.title, e.description, e.skills::text[], e.budget_amount, e.budget_currency, 'open',
           e.version, e.occurred_at, e.occurred_at
    FROM unnest(:aggregate_id, :client_id, :title, :description, :skills, :budget_amount, :budget_currency, :version,
                :occurred_at)
        AS e (job_id, client_id, title, description, skills, budget_amount, budget_currency, version, occurred_at)
    ON CONFLICT (job_id) DO NOTHING
    RETURNING client_id
)
INSERT INTO posting_total AS t (client_id, partition, jobs_posted)
SELECT client_id, :partition, count(*)
FROM posted
GROUP BY client_id
ON CONFLICT (client_id, partition) DO UPDATE
SET jobs_posted = t.jobs_posted + excluded.jobs_posted;

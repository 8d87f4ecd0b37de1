-- insert-only
-- JobPosted -> posting.  Replays change nothing.
INSERT INTO posting (job_id, client_id, title, description, skills, budget_amount, budget_currency, status, version, created_at,
                     updated_at)
SELECT e.job_id, e.client_id, e.title, e.description, e.skills::text[], e.budget_amount, e.budget_currency, 'open', e.version,
       e.occurred_at, e.occurred_at
FROM unnest(:aggregate_id, :client_id, :title, :description, :skills, :budget_amount, :budget_currency, :version, :occurred_at)
    AS e (job_id, client_id, title, description, skills, budget_amount, budget_currency, version, occurred_at)
ON CONFLICT (job_id) DO NOTHING;

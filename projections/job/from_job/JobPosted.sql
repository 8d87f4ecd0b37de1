-- insert-only
-- JobPosted -> search, search_text.  Replays change nothing.
WITH posted AS (
    SELECT *
    FROM unnest(:aggregate_id, :client_id, :title, :description, :skills, :budget_amount, :budget_currency, :version, :occurred_at)
        AS e (job_id, client_id, title, description, skills, budget_amount, budget_currency, version, occurred_at)
), kept AS (
    INSERT INTO search_text (job_id, title, description, skills)
    SELECT job_id, title, description, skills::text[]
    FROM posted
    ON CONFLICT (job_id) DO NOTHING
)
INSERT INTO search (job_id, client_id, status, skill_keys, budget_amount, budget_currency, words, version, created_at)
SELECT job_id, client_id, 'open', lower(skills)::text[], budget_amount, budget_currency,
       setweight(to_tsvector('english', title), 'A')
       || setweight(to_tsvector('english', array_to_string(skills::text[], ', ')), 'B')
       || to_tsvector('english', description),
       version, occurred_at
FROM posted
ON CONFLICT (job_id) DO NOTHING;

-- insert-only
-- JobPosted -> search.  Replays change nothing.
INSERT INTO search (job_id, status, skill_keys, budget_amount, budget_currency, words, version, created_at)
SELECT job_id, 'open', lower(skills)::text[], budget_amount, budget_currency,
       setweight(to_tsvector('english', title), 'A')
       || to_tsvector('english', description)
       || setweight(to_tsvector('english', array_to_string(skills::text[], ', ')), 'B'),
       version, occurred_at
FROM unnest(:aggregate_id, :title, :description, :skills, :budget_amount, :budget_currency, :version, :occurred_at)
    AS e (job_id, title, description, skills, budget_amount, budget_currency, version, occurred_at)
ON CONFLICT (job_id) DO NOTHING;

-- newest counts
-- JobEdited -> search, search_text.  What is absent stays; the words are those of the texts as they are now.
WITH edited AS (
    SELECT s.job_id, e.title, e.description, e.skills::text[] AS skills, e.budget_amount, e.budget_currency, e.version
    FROM unnest(:aggregate_id, :title, :description, :skills, :budget_amount, :budget_currency, :version)
        AS e (job_id, title, description, skills, budget_amount, budget_currency, version)
    JOIN search s ON s.job_id = e.job_id AND s.version < e.version
), kept AS (
    UPDATE search_text t
    SET title = coalesce(e.title, t.title), description = coalesce(e.description, t.description),
        skills = coalesce(e.skills, t.skills)
    FROM edited e
    WHERE t.job_id = e.job_id
    RETURNING t.job_id, t.title, t.description, t.skills
)
UPDATE search s
SET skill_keys = lower(k.skills::text)::text[], budget_amount = coalesce(e.budget_amount, s.budget_amount),
    budget_currency = coalesce(e.budget_currency, s.budget_currency),
    words = setweight(to_tsvector('english', k.title), 'A')
            || setweight(to_tsvector('english', array_to_string(k.skills, ', ')), 'B')
            || to_tsvector('english', k.description),
    version = e.version
FROM edited e
JOIN kept k ON k.job_id = e.job_id
WHERE s.job_id = e.job_id;

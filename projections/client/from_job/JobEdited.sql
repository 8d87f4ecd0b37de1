-- newest counts
-- JobEdited -> posting.  What is absent stays.
UPDATE posting p
SET title = coalesce(e.title, p.title), description = coalesce(e.description, p.description),
    skills = coalesce(e.skills::text[], p.skills), budget_amount = coalesce(e.budget_amount, p.budget_amount),
    budget_currency = coalesce(e.budget_currency, p.budget_currency), version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :title, :description, :skills, :budget_amount, :budget_currency, :version, :occurred_at)
    AS e (job_id, title, description, skills, budget_amount, budget_currency, version, occurred_at)
WHERE p.job_id = e.job_id AND p.version < e.version;

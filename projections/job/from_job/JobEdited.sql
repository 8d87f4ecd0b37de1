-- JobEdited -> search.  What is absent stays: its words are those with its weight.
-- Each edit moves the positions of what stands behind the title on. A position ends at 16383, after a thousand edits or more:
-- then a phrase of that job is not found any more, its words still are.
UPDATE search s
SET skill_keys = coalesce(lower(e.skills)::text[], s.skill_keys), budget_amount = coalesce(e.budget_amount, s.budget_amount),
    budget_currency = coalesce(e.budget_currency, s.budget_currency),
    words = coalesce(setweight(to_tsvector('english', e.title), 'A'), ts_filter(s.words, '{a}'))
            || coalesce(to_tsvector('english', e.description), ts_filter(s.words, '{d}'))
            || coalesce(setweight(to_tsvector('english', array_to_string(e.skills::text[], ', ')), 'B'), ts_filter(s.words, '{b}')),
    version = e.version
FROM unnest(:aggregate_id, :title, :description, :skills, :budget_amount, :budget_currency, :version)
    AS e (job_id, title, description, skills, budget_amount, budget_currency, version)
WHERE s.job_id = e.job_id AND s.version < e.version;

-- JobClosed -> posting.  The reason stays in the event.
UPDATE posting t
SET status = 'closed', version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :version, :occurred_at) AS e (job_id, version, occurred_at)
WHERE t.job_id = e.job_id AND t.version < e.version;

-- JobFilled -> search.
UPDATE search t
SET status = 'filled', version = e.version
FROM unnest(:aggregate_id, :version) AS e (job_id, version)
WHERE t.job_id = e.job_id AND t.version < e.version;

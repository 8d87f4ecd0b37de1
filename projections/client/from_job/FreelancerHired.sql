-- insert-only
-- FreelancerHired -> hire, hire_total.  Replays change nothing.
WITH hired AS (
    INSERT INTO hire (contract_id, job_id, client_id, freelancer_id, status, version, created_at, updated_at)
    SELECT e.contract_id, e.job_id, e.client_id, e.freelancer_id, 'active', e.version, e.occurred_at, e.occurred_at
    FROM unnest(:aggregate_id, :job_id, :client_id, :freelancer_id, :version, :occurred_at)
        AS e (contract_id, job_id, client_id, freelancer_id, version, occurred_at)
    ON CONFLICT (contract_id) DO NOTHING
    RETURNING client_id
)
INSERT INTO hire_total AS t (client_id, partition, hires)
SELECT client_id, :partition, count(*)
FROM hired
GROUP BY client_id
ON CONFLICT (client_id, partition) DO UPDATE
SET hires = t.hires + excluded.hires;

-- ContractCompleted -> contract, completed_total.
WITH completed AS (
    UPDATE contract t
    SET status = 'completed', version = e.version, updated_at = e.occurred_at
    FROM unnest(:aggregate_id, :version, :occurred_at) AS e (contract_id, version, occurred_at)
    WHERE t.contract_id = e.contract_id AND t.version < e.version
    RETURNING t.freelancer_id
)
INSERT INTO completed_total AS t (freelancer_id, partition, completed)
SELECT freelancer_id, :partition, count(*)
FROM completed
GROUP BY freelancer_id
ON CONFLICT (freelancer_id, partition) DO UPDATE
SET completed = t.completed + excluded.completed;

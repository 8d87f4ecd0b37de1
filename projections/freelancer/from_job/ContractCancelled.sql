-- ContractCancelled -> contract.  The reason stays in the event.
UPDATE contract t
SET status = 'cancelled', version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :version, :occurred_at) AS e (contract_id, version, occurred_at)
WHERE t.contract_id = e.contract_id AND t.version < e.version;

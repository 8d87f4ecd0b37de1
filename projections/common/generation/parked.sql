-- Aggregates that the current generation has parked.
SELECT DISTINCT aggregate_id FROM parked ORDER BY aggregate_id;

-- $1 projection text  $2 aggregate_id uuid. Where it is parked: one partition, but several for events of which not even the aggregate
-- could be read.
SELECT DISTINCT partition FROM parked WHERE projection = $1 AND aggregate_id = $2 ORDER BY partition;

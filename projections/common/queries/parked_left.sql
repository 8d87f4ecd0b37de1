-- $1 projection text  $2 aggregate_id uuid. How many of its events wait.
SELECT count(*) FROM parked WHERE projection = $1 AND aggregate_id = $2;

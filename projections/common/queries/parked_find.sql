-- $1 projection text  $2 partition int4. Whose events are parked.
SELECT DISTINCT aggregate_id FROM parked WHERE projection = $1 AND partition = $2;

-- $1 projection text  $2 partition int4  $3 aggregate_id uuid  $4 max int8. Its events, in the log's order.
SELECT "offset", event_type, coalesce(detail, '') AS detail, value, at
FROM parked
WHERE projection = $1 AND partition = $2 AND aggregate_id = $3
ORDER BY "offset"
LIMIT $4;

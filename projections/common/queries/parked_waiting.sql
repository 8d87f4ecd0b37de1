-- $1 projection text  $2 partition int4  $3 aggregate_id uuid  $4 max int8  $5 max_bytes int8. Its events, in the log's order; that many,
-- and the first of them that come to that many bytes.
SELECT "offset", event_type, coalesce(detail, '') AS detail, value, at
FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY "offset") - octet_length(value) AS before
      FROM (SELECT * FROM parked WHERE projection = $1 AND partition = $2 AND aggregate_id = $3 ORDER BY "offset" LIMIT $4) AS p) AS p
WHERE before < $5
ORDER BY "offset";

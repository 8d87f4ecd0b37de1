-- $1 max int8. Parked aggregates, oldest first: the event that was refused, and how many wait behind it.
SELECT DISTINCT ON (first, projection, partition, aggregate_id)
       projection, partition, aggregate_id, "offset", event_type, coalesce(detail, '') AS detail, at, waiting
FROM (SELECT p.*, min(at) OVER same AS first, min("offset") OVER same AS refused, count(*) OVER same - 1 AS waiting
      FROM parked p
      WINDOW same AS (PARTITION BY projection, partition, aggregate_id)) AS p
WHERE "offset" = refused
ORDER BY first, projection, partition, aggregate_id
LIMIT $1;

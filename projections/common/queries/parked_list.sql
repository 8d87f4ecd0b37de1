-- $1 max int8. Parked aggregates, oldest first: the event that was refused, and how many wait behind it. Each is found without its
-- events' bytes, which may be many.
SELECT projection, partition, aggregate_id, "offset", p.event_type, coalesce(p.detail, '') AS detail, p.at, f.waiting
FROM (SELECT projection, partition, aggregate_id, min("offset") AS "offset", count(*) - 1 AS waiting, min(at) AS first
      FROM parked
      GROUP BY projection, partition, aggregate_id
      ORDER BY first, projection, partition, aggregate_id
      LIMIT $1) AS f
JOIN parked p USING (projection, partition, "offset", aggregate_id)
ORDER BY f.first, projection, partition, aggregate_id;

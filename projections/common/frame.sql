-- Around every item and list query: how far its sources are, seen by the same snapshot, also when the query finds nothing.
-- :service text  :sources text[]. Own tables are as far as the lanes, projected ones as far as the projectors' positions; rows made
-- of both as far as the one behind. parked: those of the ids whose events wait for a person (P2).
WITH q AS MATERIALIZED (
--! query
), source (name, partition, next, caught_up, projected) AS (
    SELECT :service, partition, next, caught_up, false FROM lane_progress                       --? own
    UNION ALL                                                                                   --? own projected
    SELECT source, partition, next, caught_up, true                                             --? projected
    FROM position_progress WHERE source = ANY(:sources)                                         --? projected
), p AS (
    SELECT string_agg(name || '/' || partition || ':' || next, ',' ORDER BY name, partition) AS position,
           bool_and(caught_up) --? !projected
           bool_and(caught_up) AND count(DISTINCT name) FILTER (WHERE projected) = cardinality(:sources) --? projected
           AS caught_up
    FROM source --? !projected
    FROM (SELECT name, partition, min(next) AS next, bool_and(caught_up) AS caught_up, bool_or(projected) AS projected --? projected
          FROM source GROUP BY name, partition) AS behind --? projected
)
SELECT coalesce(p.position, ''), coalesce(p.caught_up, false),
       (SELECT string_agg(aggregate_id::text, ' ') FROM parked WHERE aggregate_id = ANY(:ids)), --? item
       NULL::text, --? !item
       q.id, q.created_at, q.version, q.body
       , q.rank --? ranked
FROM p LEFT JOIN q ON true
;

-- Around every item and list query: how far its sources are, seen by the same snapshot, also when the query finds nothing.
-- :service text  :sources text[]. Own tables are as far as the lanes, projected ones as far as the projectors' positions.
WITH q AS MATERIALIZED (
--! query
), source (name, partition, next, caught_up) AS (
    SELECT :service, partition, next_event, caught_up FROM lane                     --? own
    UNION ALL                                                                       --? own projected
    SELECT source, partition, next, true FROM position WHERE source = ANY(:sources) --? projected
), p AS (
    SELECT string_agg(name || '/' || partition || ':' || next, ',' ORDER BY name, partition) AS position,
           bool_and(caught_up) --? !projected
           bool_and(caught_up) AND count(DISTINCT name) = cardinality(:sources) --? projected
           AS caught_up
    FROM source
)
SELECT coalesce(p.position, ''), coalesce(p.caught_up, false), q.id, q.created_at, q.version, q.body
FROM p LEFT JOIN q ON true;

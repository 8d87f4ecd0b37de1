-- $1 source text  $2 partitions int8. A row per partition of a source that is new here.
INSERT INTO position (source, partition, next)
SELECT $1, p, 0
FROM generate_series(0, $2 - 1) AS p
ON CONFLICT (source, partition) DO NOTHING;

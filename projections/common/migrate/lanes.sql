-- $1 partitions int8. A row per partition in a generation that has none; afterwards their number is frozen.
WITH made AS (
    INSERT INTO lane (partition, epoch, next_event, next_command, fold_version, fold_next)
    SELECT p, 0, 0, 0, 0, 0
    FROM generate_series(0, $1 - 1) AS p
    WHERE NOT EXISTS (SELECT FROM lane)
    RETURNING 1
)
SELECT (SELECT count(*) FROM lane) + (SELECT count(*) FROM made);

-- $1 partitions int8. Every lane, and the worker whose connection has it: NULL where no connection has it, nil where it names no worker. A lane
-- whose row is lost has epoch 0: who takes it makes the row.
SELECT p::int AS partition, coalesce(l.epoch, 0) AS epoch,
       CASE WHEN a.application_name ~ '^hirelog lane [0-9a-f-]{36}$' THEN right(a.application_name, 36)::uuid
            WHEN a.pid IS NOT NULL THEN '00000000-0000-0000-0000-000000000000'::uuid END AS worker
FROM generate_series(0, $1 - 1) AS p
LEFT JOIN lane l ON l.partition = p
LEFT JOIN pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = l.backend_start
ORDER BY p;

-- $1 partition int4  $2 epoch int8 (-1 = any). Ends the backend of the lane's last owner when it still lives (its transaction may hold the
-- row), unless another owner has come since the caller looked. A pid alone could be somebody else's by now, so the start time must match too.
SELECT pg_terminate_backend(a.pid)
FROM lane l
JOIN pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = l.backend_start
WHERE l.partition = $1 AND (l.epoch = $2 OR $2 = -1) AND a.pid <> pg_backend_pid();

-- $1 partition int4. Ends the backend of the lane's last owner when it still lives (its transaction may hold the row).
-- A pid alone could be somebody else's by now, so the start time must match too.
SELECT pg_terminate_backend(a.pid)
FROM lane l
JOIN pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = l.backend_start
WHERE l.partition = $1 AND a.pid <> pg_backend_pid();

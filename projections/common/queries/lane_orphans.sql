-- Lanes that nobody works on: no owner yet, or its backend is gone.
SELECT l.partition
FROM lane l
WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.pid = l.backend_pid AND a.backend_start = l.backend_start);

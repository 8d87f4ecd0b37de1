-- $1 partition int4. Who holds the lane, and whether that backend still lives.
SELECT l.epoch, EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.pid = l.backend_pid AND a.backend_start = l.backend_start)
FROM lane l
WHERE l.partition = $1;

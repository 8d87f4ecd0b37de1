-- $1 silent_ms int8. The workers of this service, in an order that is the same for all: each by the connection with which it looks at the lanes.
-- One that has asked nothing for longer than $1 is not among them: it is frozen, or its host is gone. PostgreSQL keeps the time of
-- each connection's last statement (NULL: the server is told not to), and that of this one is now. leaving: it takes no lane any more.
SELECT right(a.application_name, 36)::uuid AS worker, a.application_name LIKE 'hirelog leaving %' AS leaving
FROM pg_stat_activity a
JOIN pg_stat_activity me ON me.pid = pg_backend_pid()
WHERE a.datname = me.datname AND a.usename = me.usename
  AND a.application_name ~ '^hirelog (worker|leaving) [0-9a-f-]{36}$'
  AND (a.state_change IS NULL OR a.state_change > me.state_change - $1 * interval '1 millisecond')
ORDER BY worker;

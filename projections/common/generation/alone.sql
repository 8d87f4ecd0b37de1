-- $1 service text. One replay of a service at a time; free again when this connection ends, which a long statement notices, too.
SELECT pg_try_advisory_lock(hashtextextended('hirelog replay ' || $1, 0)), set_config('client_connection_check_interval', '1s', false);

-- $1 service text. One replay of a service at a time; free again when this connection ends.
SELECT pg_try_advisory_lock(hashtextextended('hirelog replay ' || $1, 0));

-- $1 name text. One process at a time; free again when this connection ends.
SELECT pg_try_advisory_lock(hashtextextended('hirelog ' || $1, 0));

-- $1 name text  $2 idle_ms text. One process at a time; free again when this connection ends, and it ends by itself when its holder is
-- silent for that long: a process that is frozen, or a host that is gone, keeps nothing.
SELECT pg_try_advisory_lock(hashtextextended('hirelog ' || $1, 0)), set_config('idle_session_timeout', $2, false);

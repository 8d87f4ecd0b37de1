-- $1 before timestamptz  $2 max int8. Forgets sessions that have ended, in small steps.
DELETE FROM session
WHERE token_hash IN (SELECT token_hash FROM session WHERE expires_at < $1 ORDER BY expires_at LIMIT $2);

-- $1 token_hash bytea  $2 last_seen_at timestamptz
UPDATE session SET last_seen_at = $2 WHERE token_hash = $1 AND last_seen_at < $2;

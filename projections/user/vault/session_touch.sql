-- $1 token_hashes bytea[]  $2 last_seen_at timestamptz[]. Sessions that were used; each is named once. The newest use counts. Nothing hangs
-- on it: the commit waits for no disk and no standby.
UPDATE session s SET last_seen_at = u.last_seen_at
FROM set_config('synchronous_commit', 'off', true) AS quick, unnest($1, $2) AS u (token_hash, last_seen_at)
WHERE s.token_hash = u.token_hash AND s.last_seen_at < u.last_seen_at;

-- $1 token_hash bytea  $2 user_id uuid  $3 security_version int8  $4 created_at timestamptz  $5 expires_at timestamptz
INSERT INTO session (token_hash, user_id, security_version, created_at, last_seen_at, expires_at, revoked)
SELECT $1, $2, $3, $4, $4, $5, false FROM set_config('synchronous_commit', 'on', true) AS durable
ON CONFLICT (token_hash) DO NOTHING;

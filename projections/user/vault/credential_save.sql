-- $1 credential_id uuid  $2 user_id uuid  $3 password_hash text  $4 created_at timestamptz. Insert-only (V1): no row comes back when
-- there was one already.
INSERT INTO credential (credential_id, user_id, password_hash, created_at)
SELECT $1, $2, $3, $4 FROM set_config('synchronous_commit', 'on', true) AS durable
ON CONFLICT (credential_id) DO NOTHING
RETURNING credential_id;

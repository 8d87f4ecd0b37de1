-- $1 token_hash bytea  $2 security_version int8. The session that changed the password goes on under the new version.
UPDATE session SET security_version = $2
FROM set_config('synchronous_commit', 'on', true) AS durable
WHERE token_hash = $1 AND security_version < $2;

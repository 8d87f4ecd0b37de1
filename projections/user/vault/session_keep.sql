-- $1 token_hash bytea  $2 security_version int8. The session that changed the password goes on under the new version.
UPDATE session SET security_version = $2 WHERE token_hash = $1 AND security_version < $2;

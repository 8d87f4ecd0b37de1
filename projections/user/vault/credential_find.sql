-- $1 credential_id uuid. The row is written again, so that this answer, too, waits for the standbys: whoever wrote it may have given up waiting.
UPDATE credential SET created_at = created_at
FROM set_config('synchronous_commit', 'on', true) AS durable
WHERE credential_id = $1
RETURNING password_hash;

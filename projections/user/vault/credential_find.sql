-- $1 credential_id uuid
SELECT password_hash FROM credential WHERE credential_id = $1;

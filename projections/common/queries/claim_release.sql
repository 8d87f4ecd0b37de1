-- $1 key text[]  $2 command_id uuid[]. What refused commands still hold.
DELETE FROM claim c
USING unnest($1, $2) AS u (key, command_id)
WHERE c.key = u.key AND c.command_id = u.command_id AND NOT c.confirmed;

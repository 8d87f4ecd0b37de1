-- $1 partition int4  $2 key text[] (unique, sorted)  $3 aggregate_id uuid[]  $4 command_offset int8[]  $5 command_id uuid[]
-- Takes what is free or void: pending, and its lane has passed the command that asked for it (C2). Asking again is harmless.
INSERT INTO claim AS c (key, aggregate_id, partition, command_offset, command_id, confirmed)
SELECT u.key, u.aggregate_id, $1, u.command_offset, u.command_id, false
FROM unnest($2, $3, $4, $5) AS u (key, aggregate_id, command_offset, command_id)
ON CONFLICT (key) DO UPDATE
SET aggregate_id = EXCLUDED.aggregate_id, partition = EXCLUDED.partition, command_offset = EXCLUDED.command_offset,
    command_id = EXCLUDED.command_id
WHERE NOT c.confirmed
  AND EXISTS (SELECT 1 FROM lane l WHERE l.partition = c.partition AND l.next_command > c.command_offset);

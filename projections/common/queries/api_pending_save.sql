-- $1 command_id uuid[]  $2 sender uuid[]  $3 partition int8[]  $4 command_offset int8[] (NULL: Kafka may or may not have it)
-- $5 at timestamptz[]. Stored before a 202, so that the status can be told to the sender, and to nobody else. The commit waits for no
-- disk and no standby: the command is in Kafka, and its outcome will name the sender too.
INSERT INTO pending_command (command_id, sender, partition, command_offset, at)
SELECT u.command_id, u.sender, u.partition, u.command_offset, u.at
FROM set_config('synchronous_commit', 'off', true) AS quick,
     unnest($1, $2, $3, $4, $5) AS u (command_id, sender, partition, command_offset, at)
ON CONFLICT (command_id) DO NOTHING;

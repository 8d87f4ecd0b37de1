-- $1 command_id uuid  $2 sender uuid  $3 partition int4  $4 command_offset int8 (NULL: Kafka may or may not have it)  $5 at timestamptz
-- Stored before a 202, so that the status can be told to the sender, and to nobody else.
INSERT INTO pending_command (command_id, sender, partition, command_offset, at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (command_id) DO NOTHING;

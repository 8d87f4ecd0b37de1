-- $1 partition int4  $2 command_id uuid[]  $3 command_offset int8[]  $4 status text[]  $5 reason text[]  $6 aggregate_id uuid[]
-- $7 version int8[]  $8 sender uuid[]  $9 digest bytea[]  $10 next_event int8[]  $11 decided_at timestamptz[]  $12 key uuid[]
INSERT INTO outcome (command_id, partition, command_offset, status, reason, aggregate_id, version, sender, digest,
                     next_event, decided_at, key)
SELECT u.command_id, $1, u.command_offset, u.status, u.reason, u.aggregate_id, u.version, u.sender, u.digest,
       u.next_event, u.decided_at, u.key
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    AS u (command_id, command_offset, status, reason, aggregate_id, version, sender, digest, next_event, decided_at, key)
ON CONFLICT (command_id) DO NOTHING;

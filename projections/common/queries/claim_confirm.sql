-- $1 partition int4  $2 key text[] (unique, sorted)  $3 aggregate_id uuid[]  $4 command_offset int8[]  $5 command_id uuid[]
-- The event is the truth: it beats whatever is only pending. A key confirmed for another aggregate stays (fewer rows: alarm).
INSERT INTO claim AS c (key, aggregate_id, partition, command_offset, command_id, confirmed)
SELECT u.key, u.aggregate_id, $1, u.command_offset, u.command_id, true
FROM unnest($2, $3, $4, $5) AS u (key, aggregate_id, command_offset, command_id)
ON CONFLICT (key) DO UPDATE
SET aggregate_id = EXCLUDED.aggregate_id, partition = EXCLUDED.partition, command_offset = EXCLUDED.command_offset,
    command_id = EXCLUDED.command_id, confirmed = true
WHERE NOT c.confirmed OR c.aggregate_id = EXCLUDED.aggregate_id;

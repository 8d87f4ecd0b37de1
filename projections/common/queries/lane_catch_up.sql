-- $1 partition int4  $2 epoch int8  $3 next_event int8  $4 next_command int8  $5 fold_version int4  $6 fold_next int8
-- $7 first_event_id uuid  $8 last_event_id uuid
UPDATE lane
SET next_event = $3, next_command = $4, fold_version = $5, fold_next = $6,
    first_event_id = COALESCE(first_event_id, $7), last_event_id = COALESCE($8, last_event_id)
WHERE partition = $1 AND epoch = $2;

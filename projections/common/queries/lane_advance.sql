-- $1 partition int4  $2 epoch int8  $3 next_event int8  $4 next_command int8  $5 first_event_id uuid  $6 last_event_id uuid
-- Last statement of a batch. $5 counts only while the row has none; $6 NULL = no new event.
UPDATE lane
SET next_event = $3, next_command = $4, fold_next = $3,
    first_event_id = COALESCE(first_event_id, $5), last_event_id = COALESCE($6, last_event_id)
WHERE partition = $1 AND epoch = $2;

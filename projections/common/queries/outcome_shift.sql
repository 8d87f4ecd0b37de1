-- $1 by int8  $2 command_ids uuid[]. The log put the events at other offsets than foreseen.
UPDATE outcome SET next_event = next_event + $1 WHERE command_id = ANY($2);

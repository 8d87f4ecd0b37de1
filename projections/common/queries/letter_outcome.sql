-- $1 command_id uuid. What became of it.
SELECT coalesce(reason, '') AS reason, partition, command_offset, aggregate_id, version FROM outcome WHERE command_id = $1;

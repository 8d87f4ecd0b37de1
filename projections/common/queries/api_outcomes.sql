-- $1 command_ids uuid[]. What was decided.
SELECT command_id, status = 'rejected' AS rejected, coalesce(reason, '') AS reason, aggregate_id, digest, partition,
       next_event, version, key
FROM outcome
WHERE command_id = ANY($1);

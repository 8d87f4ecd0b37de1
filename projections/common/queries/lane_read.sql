-- $1 partition int4. The row as lane_take would answer it, left with its owner.
SELECT epoch, next_event, next_command, fold_version, fold_next, claims_rebuild, cluster_id, first_event_id,
       last_event_id
FROM lane
WHERE partition = $1;

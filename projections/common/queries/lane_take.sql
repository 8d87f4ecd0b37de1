-- $1 partition int4  $2 owner text  $3 fold_version int4  $4 epoch int8 (microseconds: never repeats, also after a loss of the row)
-- $5 seen int8: the epoch that the row has, as the caller knows (-1 = any). No row = another owner has come since then.
-- Takes the lane; the former owner's compare-and-set fails from here on. Until the new owner has read the log to its end nobody may say "not
-- found" (V2): lane_caught_up has another epoch.
INSERT INTO lane AS l (partition, owner, epoch, backend_pid, backend_start, next_event, next_command,
                       fold_version, fold_next)
SELECT $1, $2, $4, a.pid, a.backend_start, 0, 0, $3, 0
FROM pg_stat_activity a
WHERE a.pid = pg_backend_pid()
ON CONFLICT (partition) DO UPDATE
SET owner = EXCLUDED.owner, epoch = GREATEST(l.epoch + 1, EXCLUDED.epoch),
    backend_pid = EXCLUDED.backend_pid, backend_start = EXCLUDED.backend_start
WHERE l.epoch = $5 OR $5 = -1
RETURNING epoch, next_event, next_command, fold_version, fold_next, claims_rebuild, cluster_id,
          first_event_id, last_event_id;

-- $1 partition int4  $2 epoch int8  $3 next_event int8  $4 fold_version int4. The lane's owner comes with a new connection: another generation
-- is live, where the row stands as it did in the one before. No row = another owner has it, or another program has folded its states (W10);
-- a log without events has none. Whoever comes has caught up: the swap may have come before it could say so.
WITH mine AS (
    UPDATE lane l
    SET backend_pid = a.pid, backend_start = a.backend_start, fold_version = $4
    FROM pg_stat_activity a
    WHERE l.partition = $1 AND l.epoch = $2 AND l.next_event = $3
      AND (l.next_event = 0 OR l.fold_version = $4 AND l.fold_next >= $3)
      AND a.pid = pg_backend_pid()
    RETURNING l.partition, l.epoch
)
INSERT INTO lane_caught_up (partition, epoch)
SELECT partition, epoch FROM mine
ON CONFLICT (partition) DO UPDATE SET epoch = EXCLUDED.epoch
RETURNING epoch;

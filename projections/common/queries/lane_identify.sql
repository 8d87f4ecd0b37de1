-- $1 partition int4  $2 epoch int8  $3 cluster_id text  $4 claims_rebuild text  $5 fold_version int4  $6 fold_next int8. The lane has caught up with
-- this cluster's log and its claims are those of this life of the database.
WITH mine AS (
    UPDATE lane SET cluster_id = $3, claims_rebuild = $4, fold_version = $5, fold_next = $6
    WHERE partition = $1 AND epoch = $2
    RETURNING partition, epoch
)
INSERT INTO lane_caught_up (partition, epoch)
SELECT partition, epoch FROM mine
ON CONFLICT (partition) DO UPDATE SET epoch = EXCLUDED.epoch;

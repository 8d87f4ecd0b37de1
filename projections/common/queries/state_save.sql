-- $1 fold_version int4  $2 partition int4  $3 aggregate_id uuid[]  $4 version int8[]  $5 etag int8[]  $6 data bytea[]  $7 position int8[]
-- The lane's compare-and-set orders the writers, so the last one is right.
INSERT INTO state (fold_version, partition, aggregate_id, version, etag, data, position)
SELECT $1, $2, u.aggregate_id, u.version, u.etag, u.data, u.position
FROM unnest($3, $4, $5, $6, $7) AS u (aggregate_id, version, etag, data, position)
ON CONFLICT (fold_version, aggregate_id) DO UPDATE
SET version = EXCLUDED.version, etag = EXCLUDED.etag, data = EXCLUDED.data, position = EXCLUDED.position;

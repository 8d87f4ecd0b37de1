-- $1 projection text  $2 partition int4  $3 offset int8[]  $4 aggregate_id uuid[]  $5 event_type text[]  $6 detail text[]
-- $7 value bytea[]  $8 at timestamptz
INSERT INTO parked (projection, partition, "offset", aggregate_id, event_type, detail, value, at)
SELECT $1, $2, u."offset", u.aggregate_id, u.event_type, u.detail, u.value, $8
FROM unnest($3, $4, $5, $6, $7) AS u ("offset", aggregate_id, event_type, detail, value)
ON CONFLICT (projection, partition, "offset") DO NOTHING;

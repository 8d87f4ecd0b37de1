-- $1 topic text  $2 partition int4  $3 offset int8[]  $4 command_id uuid[]  $5 reason text[]  $6 detail text[]  $7 value bytea[]
-- $8 at timestamptz[]
INSERT INTO dead_letter (topic, partition, "offset", command_id, reason, detail, value, at)
SELECT $1, $2, u."offset", u.command_id, u.reason, u.detail, u.value, u.at
FROM unnest($3, $4, $5, $6, $7, $8) AS u ("offset", command_id, reason, detail, value, at)
ON CONFLICT (topic, partition, "offset") DO NOTHING;

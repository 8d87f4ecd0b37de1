-- $1 topic text  $2 partition int4  $3 offset int8  $4 at timestamptz. Before a dead command is sent again: whoever comes first
-- says when that is. No row = handled already.
INSERT INTO letter_decision AS x (projection, topic, partition, "offset", sent_at)
VALUES ('', $1, $2, $3, $4)
ON CONFLICT (projection, topic, partition, "offset") DO UPDATE
SET sent_at = coalesce(x.sent_at, EXCLUDED.sent_at)
WHERE x.decided_as IS NULL
RETURNING sent_at;

-- $1 topic text  $2 partition int4  $3 offset int8  $4 decided_as text  $5 decided_by text  $6 note text  $7 decided_at timestamptz
-- Takes a dead letter off the list. No row = handled already.
INSERT INTO letter_decision AS x (projection, topic, partition, "offset", decided_as, decided_by, note, decided_at)
VALUES ('', $1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (projection, topic, partition, "offset") DO UPDATE
SET decided_as = EXCLUDED.decided_as, decided_by = EXCLUDED.decided_by, note = EXCLUDED.note, decided_at = EXCLUDED.decided_at
WHERE x.decided_as IS NULL;

-- $1 projection text  $2 partition int4  $3 offset int8  $4 aggregate_id uuid  $5 topic text  $6 decided_by text  $7 note text
-- $8 decided_at timestamptz. Takes one event of a parked aggregate out of the projection, and keeps it beside: no row = it does not
-- wait there. A generation that was built anew may meet it again.
WITH gone AS (
    DELETE FROM parked
    WHERE projection = $1 AND partition = $2 AND "offset" = $3 AND aggregate_id = $4
    RETURNING aggregate_id, event_type, detail, value
)
INSERT INTO letter_decision (projection, topic, partition, "offset", decided_as, decided_by, note, decided_at, aggregate_id,
                             event_type, detail, value)
SELECT $1, $5, $2, $3, 'skipped', $6, $7, $8, aggregate_id, event_type, detail, value
FROM gone
ON CONFLICT (projection, topic, partition, "offset") DO UPDATE
SET decided_by = EXCLUDED.decided_by, note = EXCLUDED.note, decided_at = EXCLUDED.decided_at, detail = EXCLUDED.detail;

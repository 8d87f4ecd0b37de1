-- $1 max int8. Events that were taken out of a projection, oldest decision first.
SELECT projection, topic, partition, "offset", aggregate_id, event_type, coalesce(detail, '') AS detail, decided_by, note,
       decided_at
FROM letter_decision
WHERE projection <> ''
ORDER BY decided_at, projection, partition, "offset"
LIMIT $1;

-- $1 all bool  $2 max int8. Dead letters, oldest first: those that nobody has handled, or all of them.
SELECT d.topic, d.partition, d."offset", d.reason, coalesce(d.detail, '') AS detail, d.at, x.sent_at,
       coalesce(x.decided_as, '') AS decided_as, coalesce(x.decided_by, '') AS decided_by, coalesce(x.note, '') AS note,
       x.decided_at
FROM dead_letter d
LEFT JOIN letter_decision x
    ON x.projection = '' AND x.topic = d.topic AND x.partition = d.partition AND x."offset" = d."offset"
WHERE $1 OR x.decided_as IS NULL
ORDER BY d.at, d.topic, d.partition, d."offset"
LIMIT $2;

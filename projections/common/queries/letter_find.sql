-- $1 topic text  $2 partition int4  $3 offset int8. One dead letter, with what was done about it.
SELECT d.command_id, d.reason, coalesce(d.detail, '') AS detail, d.at, d.value, x.sent_at,
       coalesce(x.decided_as, '') AS decided_as, coalesce(x.decided_by, '') AS decided_by, coalesce(x.note, '') AS note,
       x.decided_at
FROM dead_letter d
LEFT JOIN letter_decision x
    ON x.projection = '' AND x.topic = d.topic AND x.partition = d.partition AND x."offset" = d."offset"
WHERE d.topic = $1 AND d.partition = $2 AND d."offset" = $3;

-- $1 fold_version int4. How far each log is projected; source '' = the own events. folded: and in the states of that version, too. ran: it
-- was at the end of its log at least once.
SELECT '' AS source, partition, next_event AS next,
       CASE WHEN fold_version = $1 THEN least(next_event, fold_next) ELSE 0 END AS folded, cluster_id IS NOT NULL AS ran
FROM lane
UNION ALL
SELECT source, partition, next, next, true FROM position
ORDER BY source, partition;

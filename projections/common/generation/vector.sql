-- How far each log is projected; source '' = the own events. ran: it was at the end of its log at least once.
SELECT '' AS source, partition, next_event AS next, cluster_id IS NOT NULL AS ran FROM lane
UNION ALL
SELECT source, partition, next, caught_up FROM position
ORDER BY source, partition;

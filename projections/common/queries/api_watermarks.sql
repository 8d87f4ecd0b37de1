-- How far each lane's view is, and the live generation: another one than the connection's makes it connect anew. caught_up: all rows are
-- there, those of projectors, too, that their logs had when they were last looked at.
SELECT l.partition, l.next_command, (SELECT generation FROM control) AS generation,
       (SELECT bool_and(caught_up) FROM lane_progress)
       AND coalesce((SELECT bool_and(caught_up) FROM position_progress), true) AS caught_up
FROM lane l;

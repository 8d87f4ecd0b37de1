-- $1 command_ids uuid[]. Those that were decided before (I3).
SELECT command_id FROM outcome WHERE command_id = ANY($1);

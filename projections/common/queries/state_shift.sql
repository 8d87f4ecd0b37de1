-- $1 by int8  $2 fold_version int4  $3 aggregate_ids uuid[]. See outcome_shift.
UPDATE state SET position = position + $1 WHERE fold_version = $2 AND aggregate_id = ANY($3);

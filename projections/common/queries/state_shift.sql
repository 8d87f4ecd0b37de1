-- $1 by int8  $2 fold_version int4  $3 aggregate_ids uuid[]. See outcome_shift, and state_find.
UPDATE state SET position = position + $1
WHERE ctid = ANY (ARRAY(
    SELECT s.ctid
    FROM unnest($3) AS u (aggregate_id)
    CROSS JOIN LATERAL (SELECT ctid FROM state WHERE fold_version = $2 AND aggregate_id = u.aggregate_id OFFSET 0) AS s));

-- $1 partition int4  $2 fold_version int4  $3 max int8. Forgets states of older fold versions in small steps.
DELETE FROM state
WHERE (fold_version, aggregate_id) IN
      (SELECT fold_version, aggregate_id FROM state WHERE fold_version < $2 AND partition = $1 LIMIT $3);

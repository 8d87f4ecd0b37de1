-- $1 fold_version int4  $2 aggregate_ids uuid[]. One by one: with = ANY a plan that was made for a few rows reads all.
SELECT s.aggregate_id, s.version, s.etag, s.data
FROM unnest($2) AS u (aggregate_id)
CROSS JOIN LATERAL (SELECT * FROM state WHERE fold_version = $1 AND aggregate_id = u.aggregate_id OFFSET 0) AS s;

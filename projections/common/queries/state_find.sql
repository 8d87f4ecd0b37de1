-- $1 fold_version int4  $2 aggregate_ids uuid[]. One by one: a plan of = ANY that was made when they were few reads all.
SELECT s.aggregate_id, s.version, s.etag, s.data
FROM unnest($2) AS u (aggregate_id)
CROSS JOIN LATERAL (SELECT * FROM state WHERE fold_version = $1 AND aggregate_id = u.aggregate_id OFFSET 0) AS s;

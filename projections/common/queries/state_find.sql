-- $1 fold_version int4  $2 aggregate_ids uuid[]
SELECT aggregate_id, version, etag, data FROM state WHERE fold_version = $1 AND aggregate_id = ANY($2);

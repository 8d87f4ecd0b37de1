-- $1 partition int4  $2 fold_version int4. Before folding anew from the log's beginning.
DELETE FROM state WHERE fold_version = $2 AND partition = $1;

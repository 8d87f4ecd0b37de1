-- $1 live text  $2 fresh text  $3 table text  $4 since timestamptz  $5 fold_version int4  $6 parked uuid[]
SELECT in_live, in_fresh, only_live, only_fresh, different, coalesce(sample, '')
FROM pg_temp.compare(format('%I.%I', $1, $3)::regclass, format('%I.%I', $2, $3)::regclass, $4, $5, $6);

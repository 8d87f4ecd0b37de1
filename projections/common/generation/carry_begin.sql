-- $1 lost bool  $2 claims_rebuild text  $3 cluster_id text. For carry.sql.
SELECT set_config('hirelog.lost', $1::text, true), set_config('hirelog.claims_rebuild', $2, true),
       set_config('hirelog.cluster_id', $3, true);

-- $1 service text  $2 live text  $3 fresh text  $4 projection text ('' = all)  $5 tables text[]. What the scripts of this transaction ask
-- for by current_setting(): the schemas that they are about, and what is made anew.
SELECT set_config('client_min_messages', 'warning', true),
       set_config('hirelog.service', $1, true), set_config('hirelog.vault', 'false', true),
       set_config('hirelog.live', $2, true), set_config('hirelog.fresh', $3, true),
       set_config('hirelog.projection', $4, true), set_config('hirelog.tables', $5::text, true);

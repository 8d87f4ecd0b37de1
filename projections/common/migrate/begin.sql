-- $1 service text  $2 vault bool  $3 password text ('' = none)  $4 rebuild_id text. What the scripts of this transaction ask for
-- by current_setting(). One migration at a time.
SELECT set_config('client_min_messages', 'warning', true),
       set_config('hirelog.service', $1, true), set_config('hirelog.vault', $2::text, true),
       set_config('hirelog.password', $3, true), set_config('hirelog.rebuild_id', $4, true),
       pg_advisory_xact_lock(hashtext('hirelog migrate'));

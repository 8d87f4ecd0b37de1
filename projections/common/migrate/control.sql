-- The first generation of a schema that is new, or was lost. When generations are left, the oldest that is no leftover of a replay is the live
-- one; else the next number, so that none gets the name of a kept one.
INSERT INTO control (single, generation, rebuild_id)
SELECT true, coalesce(min(number) FILTER (WHERE NOT kept AND NOT unfinished), max(number) + 1, 1),
       current_setting('hirelog.rebuild_id')::uuid
FROM (SELECT substring(nspname FROM '_g([0-9]+)')::int AS number, nspname ~ '_kept$' AS kept,
             to_regclass(format('%I.later_index', nspname)) IS NOT NULL AS unfinished
      FROM pg_namespace
      WHERE nspname ~ ('^hirelog_' || current_setting('hirelog.service') || '_g[0-9]+(_kept)?$')) AS found
ON CONFLICT (single) DO NOTHING;

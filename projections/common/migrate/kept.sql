-- $1 service text. Generations that are kept for a way back.
SELECT nspname::text FROM pg_namespace WHERE nspname ~ ('^hirelog_' || $1 || '_g[0-9]+_kept$') ORDER BY 1;

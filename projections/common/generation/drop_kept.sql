-- Generations that were kept before the one that was live until now.
DO $$
DECLARE
    found text;
BEGIN
    FOR found IN
        SELECT nspname FROM pg_namespace
        WHERE nspname ~ ('^hirelog_' || current_setting('hirelog.service') || '_g[0-9]+_kept$')
          AND nspname <> current_setting('hirelog.live') || '_kept' AND nspname <> current_setting('hirelog.fresh')
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', found);
    END LOOP;
END $$;

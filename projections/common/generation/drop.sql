-- What an interrupted replay left behind, and what is about to be made.
DO $$
DECLARE
    service text := 'hirelog_' || current_setting('hirelog.service');
    found   text;
BEGIN
    FOR found IN
        SELECT nspname FROM pg_namespace
        WHERE nspname ~ ('^' || service || '_g[0-9]+$') AND nspname <> current_setting('hirelog.live')
           OR nspname = current_setting('hirelog.fresh')
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', found);
    END LOOP;
END $$;

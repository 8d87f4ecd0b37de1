-- The view and what belongs to it; the vault stays.
DO $$
DECLARE
    service text := 'hirelog_' || current_setting('hirelog.service');
    found text;
BEGIN
    FOR found IN SELECT nspname FROM pg_namespace WHERE nspname = service OR nspname ~ ('^' || service || '(_g[0-9]+(_kept)?|_audit)$') LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', found);
    END LOOP;
END $$;

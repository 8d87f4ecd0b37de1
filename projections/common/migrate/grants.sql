-- The service's role reads and writes the rows of its own schemas, and nobody else does. Tables stay the administrator's.
DO $$
DECLARE
    service text := 'hirelog_' || current_setting('hirelog.service');
    own     text;
BEGIN
    FOR own IN
        SELECT nspname FROM pg_namespace
        WHERE nspname IN (service, service || '_vault') OR nspname ~ ('^' || service || '(_g[0-9]+(_kept)?|_audit)$')
    LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', own);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC', own);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', own, service);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', own, service);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), service);
END $$;

-- The service's role and its schemas, those that are missing.
DO $$
DECLARE
    service text := 'hirelog_' || current_setting('hirelog.service');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN
        EXECUTE format('CREATE ROLE %I LOGIN', service);
    END IF;
    IF current_setting('hirelog.password') <> '' THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', service, current_setting('hirelog.password'));
    END IF;
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', service);
    IF current_setting('hirelog.vault')::bool THEN
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', service || '_vault');
    END IF;
END $$;

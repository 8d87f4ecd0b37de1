-- The schema of the live generation.
DO $$
BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I',
                   'hirelog_' || current_setting('hirelog.service') || '_g' || (SELECT generation FROM control));
END $$;

-- The schema of a generation that is filled beside the live one.
DO $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', current_setting('hirelog.fresh'));
END $$;

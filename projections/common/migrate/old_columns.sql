-- Until then lane and position had a column caught_up, which outlived the rows that it spoke for. Programs of that time still write it; ours do
-- not, and the next replay leaves it behind.
DO $$
DECLARE
    old text;
BEGIN
    FOR old IN
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name IN ('lane', 'position') AND column_name = 'caught_up'
          AND column_default IS NULL
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN caught_up SET DEFAULT false', old);
    END LOOP;
END $$;

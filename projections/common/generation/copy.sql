-- Everything but what one projection writes comes from the live generation, as far as that is, in the snapshot of this transaction.
DO $$
DECLARE
    live       text := current_setting('hirelog.live');
    fresh      text := current_setting('hirelog.fresh');
    projection text := current_setting('hirelog.projection');
    source     text := substring(projection FROM '^from_(.*)$');
    copied     text;
BEGIN
    FOR copied IN
        SELECT relname FROM pg_class
        WHERE relnamespace = fresh::regnamespace AND relkind = 'r'
          AND relname <> ALL (current_setting('hirelog.tables')::text[])
          AND relname NOT IN ('lane', 'position', 'parked', 'later_index')
          AND (source IS NOT NULL OR relname NOT IN ('outcome', 'state'))
    LOOP
        EXECUTE format('INSERT INTO %I.%I SELECT * FROM %I.%I', fresh, copied, live, copied);
    END LOOP;
    EXECUTE format('INSERT INTO %I.parked SELECT * FROM %I.parked WHERE projection <> %L', fresh, live, projection);
    EXECUTE format('INSERT INTO %I.position SELECT * FROM %I.position WHERE source IS DISTINCT FROM %L', fresh, live, source);
    IF source IS NOT NULL THEN
        EXECUTE format('DELETE FROM %I.lane', fresh);
        EXECUTE format('INSERT INTO %I.lane SELECT * FROM %I.lane', fresh, live);
    END IF;
END $$;

-- Everything but what one projection writes comes from the live generation, as far as that is, in the snapshot of this transaction. By the
-- names of its columns: another program may have others, and in another order.
DO $$
DECLARE
    live       text := current_setting('hirelog.live');
    fresh      text := current_setting('hirelog.fresh');
    projection text := current_setting('hirelog.projection');
    source     text := substring(projection FROM '^from_(.*)$');
    copied     text;
    columns    text;
BEGIN
    FOR copied IN
        SELECT relname FROM pg_class
        WHERE relnamespace = fresh::regnamespace AND relkind = 'r'
          AND relname <> ALL (current_setting('hirelog.tables')::text[])
          AND relname NOT IN ('lane', 'position', 'parked', 'later_index', 'lane_caught_up', 'position_caught_up')
          AND (source IS NOT NULL OR relname NOT IN ('outcome', 'state'))
    LOOP
        SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
        WHERE attrelid = format('%I.%I', live, copied)::regclass AND attnum > 0 AND NOT attisdropped;
        EXECUTE format('INSERT INTO %1$I.%2$I (%3$s) SELECT %3$s FROM %4$I.%2$I', fresh, copied, columns, live);
    END LOOP;
    EXECUTE format('INSERT INTO %I.parked SELECT * FROM %I.parked WHERE projection <> %L', fresh, live, projection);
    EXECUTE format('INSERT INTO %I.position (source, partition, next)'
                   ' SELECT source, partition, next FROM %I.position WHERE source IS DISTINCT FROM %L', fresh, live, source);
    IF source IS NOT NULL THEN
        EXECUTE format('DELETE FROM %I.lane', fresh);
        SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
        WHERE attrelid = format('%I.lane', fresh)::regclass AND attnum > 0 AND NOT attisdropped;
        EXECUTE format('INSERT INTO %1$I.lane (%3$s) SELECT %3$s FROM %2$I.lane', fresh, live, columns);
    END IF;
END $$;

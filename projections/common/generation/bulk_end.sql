-- It is full: rewritten without holes and with its write-ahead log, indexed, known to the planner. But a table of few rows must look as one that
-- was never counted (migrate/statistics.sql says why), and both CREATE INDEX and ANALYZE count: its rows wait aside until the indexes are there.
SET LOCAL maintenance_work_mem = '128MB';
DO $$
DECLARE
    found record;
    rows  int8;
    few   text[] := '{}';
    own   text;
BEGIN
    FOR found IN
        SELECT relname, relpersistence = 'u' AS unlogged FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname NOT IN ('later_index', 'lane_caught_up', 'position_caught_up')
    LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %I LIMIT 10000) AS part', found.relname) INTO rows;
        IF rows < 10000 AND found.relname NOT IN ('lane', 'position') THEN
            EXECUTE format('CREATE TEMP TABLE %I ON COMMIT DROP AS SELECT * FROM %I', 'few_' || found.relname, found.relname);
            EXECUTE format('DELETE FROM %I', found.relname); -- and rewritten below: empty, and not counted
            few := few || found.relname::text;
        END IF;
        IF found.unlogged THEN
            EXECUTE format('ALTER TABLE %I SET LOGGED', found.relname);
        END IF;
    END LOOP;
    FOR found IN SELECT definition FROM later_index LOOP
        EXECUTE found.definition;
    END LOOP;
    DROP TABLE later_index;
    FOREACH own IN ARRAY few LOOP
        EXECUTE format('INSERT INTO %I SELECT * FROM pg_temp.%I', own, 'few_' || own);
    END LOOP;
    FOR found IN
        SELECT relname FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> ALL (few)
          AND relpersistence = 'p'
    LOOP
        EXECUTE format('ANALYZE %I', found.relname);
    END LOOP;
END $$;

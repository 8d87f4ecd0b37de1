-- The current schema is about to be filled from the logs: no secondary indexes while it grows, no write-ahead log. When the database
-- crashes meanwhile, the replay's connections end, and it with them; the next one begins anew.
CREATE TABLE later_index (definition text NOT NULL);
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT c.relname, pg_get_indexdef(c.oid) AS definition
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisunique
    LOOP
        INSERT INTO later_index VALUES (found.definition);
        EXECUTE format('DROP INDEX %I', found.relname);
    END LOOP;
    FOR found IN
        SELECT relname FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname NOT IN ('lane', 'position')
          AND relpersistence = 'p'
    LOOP
        EXECUTE format('ALTER TABLE %I SET UNLOGGED', found.relname);
    END LOOP;
END $$;

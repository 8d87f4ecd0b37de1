-- Nothing is counted in a table of the view before there is something to count. The plans of lanes and projectors are generic and
-- kept: one that is made from the statistics of five rows reads the whole table for each row it looks for, until the next ANALYZE,
-- and by then there may be a hundred thousand. Without statistics the planner expects a middling table and takes the index.
-- lane and position stay small, are written by every batch, and have settings of their own.
DO $$
DECLARE
    view text := current_schema();
    own  text;
BEGIN
    FOR own IN SELECT tablename FROM pg_tables WHERE schemaname = view AND tablename NOT IN ('lane', 'position') LOOP
        EXECUTE format('ALTER TABLE %I.%I SET (autovacuum_analyze_threshold = 10000, autovacuum_vacuum_threshold = 10000,'
                       ' autovacuum_vacuum_insert_threshold = 10000)', view, own);
    END LOOP;
END $$;

-- $1 live text  $2 fresh text. The tables of either, and why one can't be compared ('' = it can): columns that the new one has besides are
-- another program's, and no difference. Left out: who has caught up, and the column that said so before.
SELECT coalesce(l.relname, f.relname)::text,
       CASE WHEN f.relname IS NULL THEN 'in the live view only'
            WHEN l.relname IS NULL THEN 'in the new one only'
            ELSE coalesce((SELECT 'not in the new one: ' || string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ')
                           FROM pg_attribute a
                           WHERE a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped
                             AND NOT (l.relname IN ('lane', 'position') AND a.attname = 'caught_up')
                             AND NOT EXISTS (SELECT FROM pg_attribute b
                                             WHERE b.attrelid = f.oid AND b.attnum > 0 AND NOT b.attisdropped AND b.attname = a.attname
                                               AND b.atttypid = a.atttypid AND b.atttypmod = a.atttypmod)), '') END
FROM (SELECT oid, relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND relpersistence = 'p') AS l
FULL JOIN (SELECT oid, relname FROM pg_class WHERE relnamespace = $2::regnamespace AND relkind = 'r' AND relpersistence = 'p') AS f
    USING (relname)
ORDER BY 1;

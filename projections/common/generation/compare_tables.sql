-- $1 live text  $2 fresh text. The tables of either; those that are in one only make the generations different.
SELECT coalesce(l.relname, f.relname)::text, l.relname IS NOT NULL AND f.relname IS NOT NULL
FROM (SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r') AS l
FULL JOIN (SELECT relname FROM pg_class WHERE relnamespace = $2::regnamespace AND relkind = 'r') AS f USING (relname)
ORDER BY 1;

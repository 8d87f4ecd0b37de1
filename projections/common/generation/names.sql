-- $1 service text. The generation that is live, the one that is kept for a way back ('' = none), the number of the next one.
WITH found AS (
    SELECT nspname::text AS name, substring(nspname FROM '_g([0-9]+)')::int AS number, nspname ~ '_kept$' AS kept
    FROM pg_namespace
    WHERE nspname ~ ('^hirelog_' || $1 || '_g[0-9]+(_kept)?$')
)
SELECT c.generation, coalesce((SELECT max(name) FROM found WHERE kept), ''),
       greatest(c.generation, (SELECT max(number) FROM found WHERE kept)) + 1
FROM control c;

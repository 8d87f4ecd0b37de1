-- $1 schema text  $2 table text
SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2);

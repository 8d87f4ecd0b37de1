-- The database's clock, microseconds since 1970: for the watch of this machine's. No row may come of it.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8;

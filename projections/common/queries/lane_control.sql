-- The generation that this service's connections name, and the mark of the claims' life: it changes when the database was
-- made anew (rebuild_id) or failed over (timeline).
SELECT generation, rebuild_id::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
FROM control;

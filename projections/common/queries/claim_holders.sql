-- $1 key text[]
SELECT key, aggregate_id, command_id FROM claim WHERE key = ANY($1);

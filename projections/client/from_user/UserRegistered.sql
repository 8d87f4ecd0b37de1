-- insert-only
-- UserRegistered -> person, of those who hire.  Replays change nothing.
INSERT INTO person (client_id, display_name, version)
SELECT e.user_id, e.display_name, e.version
FROM unnest(:aggregate_id, :display_name, :roles, :version) AS e (user_id, display_name, roles, version)
WHERE 'client' = ANY(e.roles::text[])
ON CONFLICT (client_id) DO NOTHING;

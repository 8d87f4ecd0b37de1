-- ProfileUpdated -> person.  Only a name is of interest.
UPDATE person p
SET display_name = e.display_name, version = e.version
FROM unnest(:aggregate_id, :display_name, :version) AS e (user_id, display_name, version)
WHERE p.client_id = e.user_id AND p.version < e.version AND e.display_name IS NOT NULL;

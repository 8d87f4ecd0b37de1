-- insert-only
-- UserRegistered -> person, of those who work.  Replays change nothing.
INSERT INTO person (freelancer_id, display_name, words, version)
SELECT e.user_id, e.display_name, setweight(to_tsvector('simple', e.display_name), 'A'), e.version
FROM unnest(:aggregate_id, :display_name, :roles, :version) AS e (user_id, display_name, roles, version)
WHERE 'freelancer' = ANY(e.roles::text[])
ON CONFLICT (freelancer_id) DO NOTHING;

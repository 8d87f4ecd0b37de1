-- newest counts
-- ProfileUpdated -> account.  What is absent stays.
UPDATE account a
SET display_name = coalesce(e.display_name, a.display_name), headline = coalesce(e.headline, a.headline),
    bio = coalesce(e.bio, a.bio), location = coalesce(e.location, a.location),
    version = e.version, last_version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :display_name, :headline, :bio, :location, :version, :occurred_at)
    AS e (user_id, display_name, headline, bio, location, version, occurred_at)
WHERE a.user_id = e.user_id AND a.last_version < e.version;

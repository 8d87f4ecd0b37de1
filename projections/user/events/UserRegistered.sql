-- insert-only
-- UserRegistered -> account.  Replays change nothing.
INSERT INTO account (user_id, email, email_key, display_name, headline, bio, location, roles, active, credential_id,
                     security_version, version, last_version, created_at, updated_at)
SELECT e.user_id, e.email, lower(e.email COLLATE "C"), e.display_name, '', '', '', e.roles::text[], true, e.credential_id,
       e.version, e.version, e.version, e.occurred_at, e.occurred_at
FROM unnest(:aggregate_id, :email, :display_name, :roles, :credential_id, :version, :occurred_at)
    AS e (user_id, email, display_name, roles, credential_id, version, occurred_at)
ON CONFLICT (user_id) DO NOTHING;

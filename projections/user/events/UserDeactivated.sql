-- UserDeactivated -> account.  Ends all sessions (V2).
UPDATE account a
SET active = false, security_version = e.version, version = e.version, last_version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :version, :occurred_at) AS e (user_id, version, occurred_at)
WHERE a.user_id = e.user_id AND a.last_version < e.version;

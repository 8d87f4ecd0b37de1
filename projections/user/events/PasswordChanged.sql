-- PasswordChanged -> account.  Ends older sessions (V2); nothing of the representation changes, so its version stays.
UPDATE account a
SET credential_id = e.credential_id, security_version = e.version, last_version = e.version
FROM unnest(:aggregate_id, :credential_id, :version) AS e (user_id, credential_id, version)
WHERE a.user_id = e.user_id AND a.last_version < e.version;

-- Whose session this is. Always one row; user_id NULL: no such session. valid compares security versions (V2); the times are the
-- caller's to compare with its clock.
-- raw
-- :token_hash bytea
SELECT l.caught_up, s.user_id, coalesce(NOT s.revoked AND a.active AND a.security_version = s.security_version, false) AS valid,
       a.roles::text, s.last_seen_at, s.expires_at
FROM (SELECT coalesce(bool_and(caught_up), false) AS caught_up FROM lane) l
LEFT JOIN session s ON s.token_hash = :token_hash
LEFT JOIN account a ON a.user_id = s.user_id;

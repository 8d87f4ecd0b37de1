-- Who logs in with this address, and what proves it. Always one row; user_id NULL: nobody, which is a fact only when caught_up.
-- raw
-- :email text
SELECT l.caught_up, a.user_id, a.active, a.roles::text, a.security_version, c.credential_id, c.password_hash
FROM (SELECT coalesce(bool_and(caught_up), false) AS caught_up FROM lane_progress) l
LEFT JOIN (SELECT * FROM account WHERE email_key = lower(:email COLLATE "C") ORDER BY created_at, user_id LIMIT 1) a ON true
LEFT JOIN credential c ON c.credential_id = a.credential_id;

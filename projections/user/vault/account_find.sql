-- $1 user_id uuid. The credential that is active; no row: no such user, which is a fact only when caught_up.
SELECT l.caught_up, a.credential_id, c.password_hash
FROM (SELECT coalesce(bool_and(caught_up), false) AS caught_up FROM lane_progress) l
LEFT JOIN account a ON a.user_id = $1
LEFT JOIN credential c ON c.credential_id = a.credential_id;

-- $1 user_id uuid. What a recovery token is made of. Always one row; credential_id NULL: no such account, which is a fact only when caught_up.
SELECT l.caught_up, a.active, a.credential_id
FROM (SELECT coalesce(bool_and(caught_up), false) AS caught_up FROM lane_progress) l
LEFT JOIN account a ON a.user_id = $1;

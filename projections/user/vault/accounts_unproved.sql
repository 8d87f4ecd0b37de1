-- $1 behind uuid  $2 max int8. Looks at the next $2 accounts behind that one, however many there are: which of them are active and have lost
-- the credential that they name (V1). Always one row or more; user_id NULL: none of these. next NULL: it got to the end. When not caught_up,
-- nobody can tell. The look-up is written so that no plan makes a join of whole tables of it.
WITH seen AS MATERIALIZED (
    SELECT user_id, email, active, credential_id, created_at FROM account WHERE user_id > $1 ORDER BY user_id LIMIT $2
)
SELECT l.caught_up, (SELECT user_id FROM seen ORDER BY user_id OFFSET $2 - 1) AS next, a.user_id, a.email, a.created_at
FROM (SELECT coalesce(bool_and(caught_up), false) AS caught_up FROM lane_progress) l
LEFT JOIN (
    SELECT user_id, email, created_at
    FROM seen s
    WHERE active AND (SELECT c.credential_id FROM credential c WHERE c.credential_id = s.credential_id) IS NULL
) a ON true
ORDER BY a.user_id;

-- $1 before timestamptz  $2 max int8. Forgets old credentials that no account names (V1), in small steps; none at all while the view may lack
-- the account that names one.
DELETE FROM credential
WHERE credential_id IN (
    SELECT c.credential_id
    FROM credential c
    WHERE c.created_at < $1 AND NOT EXISTS (SELECT FROM account a WHERE a.credential_id = c.credential_id AND a.user_id = c.user_id)
    ORDER BY c.created_at
    LIMIT $2)
  AND NOT EXISTS (SELECT FROM lane WHERE NOT caught_up);

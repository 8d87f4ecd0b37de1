-- $1 before timestamptz  $2 max int8  $3 after_time timestamptz  $4 after_id uuid. Of the next old credentials behind a place forgets those
-- that no account names (V1), and says where the place is then: the last one looked at, and how many were. A step at a time, since most
-- are named, and finding one orphan among a million takes seconds. None is looked at while the view may lack the account that names it.
WITH looked AS MATERIALIZED (
    SELECT credential_id, user_id, created_at
    FROM credential
    WHERE created_at < $1 AND created_at >= $3 AND (created_at, credential_id) > ($3, $4)
      AND NOT EXISTS (SELECT FROM lane WHERE NOT caught_up)
    ORDER BY created_at, credential_id
    LIMIT $2
), gone AS (
    DELETE FROM credential c
    USING looked l
    WHERE c.credential_id = l.credential_id
      AND NOT EXISTS (SELECT FROM account a WHERE a.user_id = l.user_id AND a.credential_id = l.credential_id)
)
SELECT created_at, credential_id, (SELECT count(*) FROM looked)
FROM looked
ORDER BY created_at DESC, credential_id DESC
LIMIT 1;

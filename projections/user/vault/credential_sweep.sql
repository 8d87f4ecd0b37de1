-- $1 before timestamptz  $2 max int8  $3 behind uuid. Forgets old credentials that no account names (V1), in small steps: looks at $2 of
-- them behind that one, however many there are, and tells how many it forgot and how far it got (NULL: to the end). None are forgotten
-- while the view may lack the account that names one. The look-ups are written so that no plan makes a join of whole tables of them.
WITH seen AS MATERIALIZED (
    SELECT credential_id, user_id, created_at FROM credential WHERE credential_id > $3 ORDER BY credential_id LIMIT $2
), gone AS (
    DELETE FROM credential
    WHERE credential_id = ANY (ARRAY(
        SELECT s.credential_id
        FROM seen s
        WHERE s.created_at < $1
          AND (SELECT a.credential_id FROM account a WHERE a.user_id = s.user_id) IS DISTINCT FROM s.credential_id))
      AND NOT EXISTS (SELECT FROM lane_progress WHERE NOT caught_up)
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone), (SELECT credential_id FROM seen ORDER BY credential_id OFFSET $2 - 1);

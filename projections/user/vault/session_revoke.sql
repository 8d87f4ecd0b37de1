-- $1 token_hash bytea. Other processes forget it at the notification.
WITH ended AS (
    UPDATE session SET revoked = true FROM set_config('synchronous_commit', 'on', true) AS durable
    WHERE token_hash = $1
    RETURNING 1
)
SELECT pg_notify('lane_user', 'session') FROM ended;

-- $1 token_hashes bytea[]. Which of these sessions are valid (V2), as in session_user.sql; the times are the caller's to compare.
-- Always one row or more; when not caught_up nobody can tell.
SELECT l.caught_up, s.token_hash, s.last_seen_at, s.expires_at
FROM (SELECT coalesce(bool_and(caught_up), false) AS caught_up FROM lane) l
LEFT JOIN (
    SELECT v.token_hash, v.last_seen_at, v.expires_at
    FROM session v
    JOIN account a ON a.user_id = v.user_id AND a.active AND a.security_version = v.security_version
    WHERE v.token_hash = ANY($1) AND NOT v.revoked
) s ON true;

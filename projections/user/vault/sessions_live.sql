-- $1 token_hashes bytea[]. Which of these sessions are valid (V2: their security version is the active account's), and whose they are; the
-- times are the caller's to compare with its clock. Always one row or more; when not caught_up nobody can tell.
SELECT l.caught_up, s.token_hash, s.last_seen_at, s.expires_at, s.user_id, s.roles
FROM (SELECT coalesce(bool_and(caught_up), false) AS caught_up FROM lane_progress) l
LEFT JOIN (
    SELECT v.token_hash, v.last_seen_at, v.expires_at, v.user_id, a.roles::text AS roles
    FROM session v
    JOIN account a ON a.user_id = v.user_id AND a.active AND a.security_version = v.security_version
    WHERE v.token_hash = ANY($1) AND NOT v.revoked
) s ON true;

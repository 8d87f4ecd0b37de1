-- hirelog_<service>_vault: secrets. Never in Kafka, never rebuilt, no part of a generation.

-- Password hashes, insert-only; the account row names the active one (V1). user_id and credential_id come with the command.
CREATE TABLE credential (
    credential_id uuid PRIMARY KEY,
    user_id       uuid NOT NULL,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX credential_user ON credential (user_id);

-- Sessions by the SHA-256 of their token; valid while security_version is still the account's (V2).
CREATE TABLE session (
    token_hash       bytea PRIMARY KEY,
    user_id          uuid NOT NULL,
    security_version int8 NOT NULL,
    created_at       timestamptz NOT NULL,
    last_seen_at     timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL,
    revoked          bool NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_user_id ON session (user_id);

-- The view of user: one row per account, made of events alone (P1).

-- version is the representation's ETag; last_version is the last event's that changed the row, which is what replays compare.
-- security_version is the version of the event that last ended sessions (V2). E-mails are unique by claim (C1): a constraint
-- here could only refuse what is already true.
CREATE TABLE account (
    user_id          uuid PRIMARY KEY,
    email            text NOT NULL,
    email_key        text NOT NULL, -- as one logs in with it: lower(email COLLATE "C")
    display_name     text NOT NULL,
    headline         text NOT NULL,
    bio              text NOT NULL,
    location         text NOT NULL,
    roles            text[] NOT NULL,
    active           bool NOT NULL,
    credential_id    uuid NOT NULL,
    security_version int8 NOT NULL,
    version          int8 NOT NULL,
    last_version     int8 NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX account_email_key ON account (email_key);

-- The view of messaging: threads of two people and their messages, made of events alone (P1). version is the ETag.

-- last_message_at, the marks and the version only ever grow, so that the order in which a batch's statements reach a row does not
-- matter, and a replay finds nothing to raise.
CREATE TABLE thread (
    thread_id         uuid PRIMARY KEY,
    first_id          uuid NOT NULL, -- the two in order
    second_id         uuid NOT NULL,
    job_id            uuid,
    last_message_at   timestamptz NOT NULL,
    first_read_up_to  timestamptz NOT NULL, -- the epoch: nothing yet
    second_read_up_to timestamptz NOT NULL,
    version           int8 NOT NULL,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX thread_by_first ON thread (first_id, created_at, thread_id);
CREATE INDEX thread_by_second ON thread (second_id, created_at, thread_id);

CREATE TABLE message (
    message_id   uuid PRIMARY KEY,
    thread_id    uuid NOT NULL,
    sender_id    uuid NOT NULL,
    recipient_id uuid NOT NULL,
    job_id       uuid,
    body         text NOT NULL,
    version      int8 NOT NULL, -- the thread's with this message
    created_at   timestamptz NOT NULL
);
-- Unread messages are counted from the index alone.
CREATE INDEX message_by_thread ON message (thread_id, created_at, message_id) INCLUDE (recipient_id);

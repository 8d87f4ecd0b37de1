-- insert-only
-- MessageSent -> message, thread.  Many of one thread may come in one statement, and a read mark may come before them: see thread.
WITH sent AS (
    INSERT INTO message (message_id, thread_id, sender_id, recipient_id, job_id, body, version, created_at)
    SELECT e.message_id, e.thread_id, e.sender_id, e.recipient_id, e.job_id, e.body, e.version, e.occurred_at
    FROM unnest(:message_id, :aggregate_id, :sender_id, :recipient_id, :job_id, :body, :version, :occurred_at)
        AS e (message_id, thread_id, sender_id, recipient_id, job_id, body, version, occurred_at)
    ON CONFLICT (message_id) DO NOTHING
    RETURNING thread_id, least(sender_id, recipient_id) AS first_id, greatest(sender_id, recipient_id) AS second_id, job_id,
              version, created_at
)
INSERT INTO thread AS t (thread_id, first_id, second_id, job_id, last_message_at, first_read_up_to, second_read_up_to, version,
                         created_at, updated_at)
SELECT thread_id, (array_agg(first_id ORDER BY version))[1], (array_agg(second_id ORDER BY version))[1],
       (array_agg(job_id ORDER BY version))[1], max(created_at), 'epoch', 'epoch', max(version), min(created_at), max(created_at)
FROM sent
GROUP BY thread_id
ON CONFLICT (thread_id) DO UPDATE
SET last_message_at = greatest(t.last_message_at, excluded.last_message_at), version = greatest(t.version, excluded.version),
    created_at = least(t.created_at, excluded.created_at), updated_at = greatest(t.updated_at, excluded.updated_at);

-- One thread, as one of its two participants sees it.
-- sources: messaging
-- item
-- :reader_id uuid
SELECT thread_id AS id, created_at, version,
       json_build_object('id', thread_id, 'participants', json_build_array(first_id, second_id), 'job_id', job_id,
                         'last_message_at', json_time(last_message_at), 'unread', unread.n, 'version', version,
                         'created_at', json_time(created_at), 'updated_at', json_time(updated_at))::text AS body
FROM thread t
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM message m
    WHERE m.thread_id = t.thread_id AND m.recipient_id = :reader_id
      AND m.created_at > CASE :reader_id WHEN t.first_id THEN t.first_read_up_to ELSE t.second_read_up_to END
) AS unread
WHERE thread_id = ANY(:ids);

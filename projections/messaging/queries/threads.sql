-- The threads of one person, newest first, with what that person has not read. Each side has an index of its own, as in
-- contracts.sql; nobody writes to oneself. Unread messages are counted for the page's threads only.
-- sources: messaging
-- list
-- :reader_id uuid
SELECT thread_id AS id, created_at, version,
       json_build_object('id', thread_id, 'participants', json_build_array(first_id, second_id), 'job_id', job_id,
                         'last_message_at', json_time(last_message_at), 'unread', unread.n, 'version', version,
                         'created_at', json_time(created_at), 'updated_at', json_time(updated_at))::text AS body
FROM (
    SELECT * FROM (
        (SELECT * FROM thread
         WHERE first_id = :reader_id
           AND (created_at, thread_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
           AND (created_at, thread_id) > (:cursor_time, :cursor_id) --? cursor_time backward
         ORDER BY created_at DESC, thread_id DESC --? !backward
         ORDER BY created_at, thread_id           --? backward
         LIMIT :page_limit)
        UNION ALL
        (SELECT * FROM thread
         WHERE second_id = :reader_id
           AND (created_at, thread_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
           AND (created_at, thread_id) > (:cursor_time, :cursor_id) --? cursor_time backward
         ORDER BY created_at DESC, thread_id DESC --? !backward
         ORDER BY created_at, thread_id           --? backward
         LIMIT :page_limit)
    ) AS of_person
    ORDER BY created_at DESC, thread_id DESC --? !backward
    ORDER BY created_at, thread_id           --? backward
    LIMIT :page_limit
) AS t
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM message m
    WHERE m.thread_id = t.thread_id AND m.recipient_id = :reader_id
      AND m.created_at > CASE :reader_id WHEN t.first_id THEN t.first_read_up_to ELSE t.second_read_up_to END
) AS unread
ORDER BY created_at DESC, thread_id DESC --? !backward
ORDER BY created_at, thread_id           --? backward
LIMIT :page_limit;

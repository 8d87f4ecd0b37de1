-- The messages of one thread, newest first.
-- sources: messaging
-- list
-- :thread uuid
SELECT message_id AS id, created_at, version,
       json_build_object('id', message_id, 'thread_id', thread_id, 'sender_id', sender_id, 'recipient_id', recipient_id,
                         'job_id', job_id, 'body', body, 'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(created_at))::text AS body
FROM message
WHERE thread_id = :thread
  AND (created_at, message_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
  AND (created_at, message_id) > (:cursor_time, :cursor_id) --? cursor_time backward
ORDER BY created_at DESC, message_id DESC --? !backward
ORDER BY created_at, message_id           --? backward
LIMIT :page_limit;

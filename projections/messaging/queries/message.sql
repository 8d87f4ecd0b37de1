-- One message. It never changes.
-- sources: messaging
-- item
SELECT message_id AS id, created_at, version,
       json_build_object('id', message_id, 'thread_id', thread_id, 'sender_id', sender_id, 'recipient_id', recipient_id,
                         'job_id', job_id, 'body', body, 'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(created_at))::text AS body
FROM message
WHERE message_id = ANY(:ids);

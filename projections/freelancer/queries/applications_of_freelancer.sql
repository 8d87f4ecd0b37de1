-- The applications of one freelancer, newest first, each with every status it had and since when.
-- sources: from_job
-- list
-- :freelancer_id uuid
SELECT application_id AS id, created_at, version,
       json_build_object('id', application_id, 'job_id', job_id, 'freelancer_id', freelancer_id,
                         'cover_letter', cover_letter, 'bid', json_money(bid_amount, bid_currency), 'status', status,
                         'submitted_at', json_time(submitted_at), 'decided_at', json_time(decided_at),
                         'history', (SELECT json_agg(json_build_object('status', h.status, 'at', json_time(h.at)) ORDER BY h.n)
                                     FROM unnest(past_status, past_at) WITH ORDINALITY AS h (status, at, n)),
                         'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM application
WHERE freelancer_id = :freelancer_id
  AND (created_at, application_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
  AND (created_at, application_id) > (:cursor_time, :cursor_id) --? cursor_time backward
ORDER BY created_at DESC, application_id DESC --? !backward
ORDER BY created_at, application_id           --? backward
LIMIT :page_limit;

-- The jobs of one client, whatever their status, newest first.
-- sources: from_job
-- list
-- :client_id uuid
SELECT job_id AS id, created_at, version,
       json_build_object('id', job_id, 'client_id', client_id, 'title', title, 'description', description, 'skills', skills,
                         'budget', json_money(budget_amount, budget_currency), 'status', status, 'version', version,
                         'created_at', json_time(created_at), 'updated_at', json_time(updated_at))::text AS body
FROM posting
WHERE client_id = :client_id
  AND (created_at, job_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
  AND (created_at, job_id) > (:cursor_time, :cursor_id) --? cursor_time backward
ORDER BY created_at DESC, job_id DESC --? !backward
ORDER BY created_at, job_id           --? backward
LIMIT :page_limit;

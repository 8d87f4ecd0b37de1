-- What a freelancer has completed, newest first.
-- sources: from_job
-- list
-- :freelancer_id uuid
SELECT contract_id AS id, created_at, version,
       json_build_object('id', contract_id, 'job_id', job_id, 'application_id', application_id, 'client_id', client_id,
                         'freelancer_id', freelancer_id, 'amount', json_money(amount, currency), 'status', status,
                         'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM contract
WHERE freelancer_id = :freelancer_id AND status = 'completed'
  AND (created_at, contract_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
  AND (created_at, contract_id) > (:cursor_time, :cursor_id) --? cursor_time backward
ORDER BY created_at DESC, contract_id DESC --? !backward
ORDER BY created_at, contract_id           --? backward
LIMIT :page_limit;

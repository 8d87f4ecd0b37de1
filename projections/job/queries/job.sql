-- One job.
-- sources: job
-- item
SELECT job_id AS id, created_at, version,
       json_build_object('id', job_id, 'client_id', client_id, 'title', title, 'description', description, 'skills', skills,
                         'budget', json_money(budget_amount, budget_currency), 'status', status, 'version', version,
                         'created_at', json_time(created_at), 'updated_at', json_time(updated_at))::text AS body
FROM posting
WHERE job_id = ANY(:ids);

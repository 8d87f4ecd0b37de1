-- One contract.
-- sources: job
-- item
SELECT contract_id AS id, created_at, version,
       json_build_object('id', contract_id, 'job_id', job_id, 'application_id', application_id, 'client_id', client_id,
                         'freelancer_id', freelancer_id, 'amount', json_money(amount, currency), 'status', status,
                         'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM contract
WHERE contract_id = ANY(:ids);

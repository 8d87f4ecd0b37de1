-- One application.
-- sources: job
-- item
SELECT application_id AS id, created_at, version,
       json_build_object('id', application_id, 'job_id', job_id, 'freelancer_id', freelancer_id,
                         'cover_letter', cover_letter, 'bid', json_money(bid_amount, bid_currency), 'status', status,
                         'submitted_at', json_time(submitted_at), 'decided_at', json_time(decided_at), 'version', version,
                         'created_at', json_time(created_at), 'updated_at', json_time(updated_at))::text AS body
FROM application
WHERE application_id = ANY(:ids);

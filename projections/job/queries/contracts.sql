-- The contracts of one person, newest first. Each side has an index of its own, so a page is merged from a page of each;
-- nobody is both sides of a contract.
-- sources: job
-- list
-- :party_id uuid
SELECT contract_id AS id, created_at, version,
       json_build_object('id', contract_id, 'job_id', job_id, 'application_id', application_id, 'client_id', client_id,
                         'freelancer_id', freelancer_id, 'amount', json_money(amount, currency), 'status', status,
                         'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM (
    (SELECT * FROM contract
     WHERE client_id = :party_id
       AND (created_at, contract_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
       AND (created_at, contract_id) > (:cursor_time, :cursor_id) --? cursor_time backward
     ORDER BY created_at DESC, contract_id DESC --? !backward
     ORDER BY created_at, contract_id           --? backward
     LIMIT :page_limit)
    UNION ALL
    (SELECT * FROM contract
     WHERE freelancer_id = :party_id
       AND (created_at, contract_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
       AND (created_at, contract_id) > (:cursor_time, :cursor_id) --? cursor_time backward
     ORDER BY created_at DESC, contract_id DESC --? !backward
     ORDER BY created_at, contract_id           --? backward
     LIMIT :page_limit)
) AS of_party
ORDER BY created_at DESC, contract_id DESC --? !backward
ORDER BY created_at, contract_id           --? backward
LIMIT :page_limit;

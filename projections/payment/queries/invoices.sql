-- The invoices of one person, newest first. Each side has an index of its own, as in contracts.sql. Payments are summed for the
-- page's invoices only.
-- sources: payment
-- summed
-- list
-- :party_id uuid
SELECT invoice_id AS id, created_at, version,
       json_build_object('id', invoice_id, 'number', number, 'contract_id', contract_id, 'client_id', client_id,
                         'freelancer_id', freelancer_id, 'lines', lines, 'total', json_money(total, currency),
                         'paid', json_money(paid.amount, currency), 'due_date', due_date,
                         'status', CASE WHEN status = 'issued' AND paid.amount > 0 THEN 'partially_paid' ELSE status END,
                         'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM (
    SELECT * FROM (
        (SELECT * FROM invoice
         WHERE client_id = :party_id
           AND (created_at, invoice_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
           AND (created_at, invoice_id) > (:cursor_time, :cursor_id) --? cursor_time backward
         ORDER BY created_at DESC, invoice_id DESC --? !backward
         ORDER BY created_at, invoice_id           --? backward
         LIMIT :page_limit)
        UNION ALL
        (SELECT * FROM invoice
         WHERE freelancer_id = :party_id
           AND (created_at, invoice_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
           AND (created_at, invoice_id) > (:cursor_time, :cursor_id) --? cursor_time backward
         ORDER BY created_at DESC, invoice_id DESC --? !backward
         ORDER BY created_at, invoice_id           --? backward
         LIMIT :page_limit)
    ) AS of_party
    ORDER BY created_at DESC, invoice_id DESC --? !backward
    ORDER BY created_at, invoice_id           --? backward
    LIMIT :page_limit
) AS i
CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.amount), 0)::int8 AS amount FROM payment p WHERE p.invoice_id = i.invoice_id
) AS paid
ORDER BY created_at DESC, invoice_id DESC --? !backward
ORDER BY created_at, invoice_id           --? backward
LIMIT :page_limit;

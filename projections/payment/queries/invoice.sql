-- One invoice. paid is the sum of its payments: a refund leaves it as it was.
-- sources: payment
-- summed
-- item
SELECT invoice_id AS id, created_at, version,
       json_build_object('id', invoice_id, 'number', number, 'contract_id', contract_id, 'client_id', client_id,
                         'freelancer_id', freelancer_id, 'lines', lines, 'total', json_money(total, currency),
                         'paid', json_money(paid.amount, currency), 'due_date', due_date,
                         'status', CASE WHEN status = 'issued' AND paid.amount > 0 THEN 'partially_paid' ELSE status END,
                         'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM invoice i
CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.amount), 0)::int8 AS amount FROM payment p WHERE p.invoice_id = i.invoice_id
) AS paid
WHERE invoice_id = ANY(:ids);

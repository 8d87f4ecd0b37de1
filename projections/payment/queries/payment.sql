-- One payment.
-- sources: payment
-- item
SELECT payment_id AS id, created_at, version,
       json_build_object('id', payment_id, 'invoice_id', invoice_id, 'client_id', client_id, 'freelancer_id', freelancer_id,
                         'amount', json_money(amount, currency), 'refunded', json_money(refunded, currency), 'method', method,
                         'reference', reference, 'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM payment
WHERE payment_id = ANY(:ids);

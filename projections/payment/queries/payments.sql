-- The payments of one person, newest first; or those on one invoice, if that person is a party to it. Each side has an index of its
-- own, as in contracts.sql.
-- sources: payment
-- list
-- :party_id uuid  :invoice_id uuid
SELECT payment_id AS id, created_at, version,
       json_build_object('id', payment_id, 'invoice_id', invoice_id, 'client_id', client_id, 'freelancer_id', freelancer_id,
                         'amount', json_money(amount, currency), 'refunded', json_money(refunded, currency), 'method', method,
                         'reference', reference, 'version', version, 'created_at', json_time(created_at),
                         'updated_at', json_time(updated_at))::text AS body
FROM (
    (SELECT * FROM payment
     WHERE client_id = :party_id --? !invoice_id
     WHERE invoice_id = :invoice_id AND :party_id = ANY(ARRAY[client_id, freelancer_id]) --? invoice_id
       AND (created_at, payment_id) < (:cursor_time, :cursor_id) --? cursor_time !backward
       AND (created_at, payment_id) > (:cursor_time, :cursor_id) --? cursor_time backward
     ORDER BY created_at DESC, payment_id DESC --? !backward
     ORDER BY created_at, payment_id           --? backward
     LIMIT :page_limit)
    UNION ALL                            --? !invoice_id
    (SELECT * FROM payment               --? !invoice_id
     WHERE freelancer_id = :party_id     --? !invoice_id
       AND (created_at, payment_id) < (:cursor_time, :cursor_id) --? cursor_time !backward !invoice_id
       AND (created_at, payment_id) > (:cursor_time, :cursor_id) --? cursor_time backward !invoice_id
     ORDER BY created_at DESC, payment_id DESC --? !backward !invoice_id
     ORDER BY created_at, payment_id           --? backward !invoice_id
     LIMIT :page_limit)                        --? !invoice_id
) AS of_party
ORDER BY created_at DESC, payment_id DESC --? !backward
ORDER BY created_at, payment_id           --? backward
LIMIT :page_limit;

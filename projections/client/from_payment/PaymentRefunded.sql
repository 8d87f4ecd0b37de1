-- PaymentRefunded -> payment, spending.  The payment came before, from the same partition, so its spending has a row.
WITH refund AS (
    UPDATE payment p
    SET refunded = p.refunded + e.amount, version = e.version
    FROM unnest(:aggregate_id, :amount_amount, :version) AS e (payment_id, amount, version)
    WHERE p.payment_id = e.payment_id AND p.version < e.version
    RETURNING p.client_id, p.currency, e.amount
), back AS (
    SELECT client_id, currency, sum(amount) AS amount
    FROM refund
    GROUP BY client_id, currency
)
UPDATE spending t
SET amount = t.amount - b.amount
FROM back b
WHERE t.client_id = b.client_id AND t.partition = :partition AND t.currency = b.currency;

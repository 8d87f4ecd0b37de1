-- PaymentRefunded -> payment, earning.  The payment came before, from the same partition, so its earning has a row.
WITH refund AS (
    UPDATE payment p
    SET refunded = p.refunded + e.amount, version = e.version
    FROM unnest(:aggregate_id, :amount_amount, :version) AS e (payment_id, amount, version)
    WHERE p.payment_id = e.payment_id AND p.version < e.version
    RETURNING p.freelancer_id, p.currency, e.amount
), back AS (
    SELECT freelancer_id, currency, sum(amount) AS amount
    FROM refund
    GROUP BY freelancer_id, currency
)
UPDATE earning t
SET amount = t.amount - b.amount
FROM back b
WHERE t.freelancer_id = b.freelancer_id AND t.partition = :partition AND t.currency = b.currency;

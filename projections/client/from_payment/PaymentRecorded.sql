-- insert-only
-- PaymentRecorded -> payment, spending.  Replays change nothing.
WITH paid AS (
    INSERT INTO payment (payment_id, client_id, amount, refunded, currency, version)
    SELECT e.payment_id, e.client_id, e.amount, 0, e.currency, e.version
    FROM unnest(:aggregate_id, :client_id, :amount_amount, :amount_currency, :version)
        AS e (payment_id, client_id, amount, currency, version)
    ON CONFLICT (payment_id) DO NOTHING
    RETURNING client_id, amount, currency
)
INSERT INTO spending AS t (client_id, partition, currency, amount)
SELECT client_id, :partition, currency, sum(amount)
FROM paid
GROUP BY client_id, currency
ON CONFLICT (client_id, partition, currency) DO UPDATE
SET amount = t.amount + excluded.amount;

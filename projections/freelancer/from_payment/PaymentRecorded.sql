-- insert-only
-- PaymentRecorded -> payment, earning.  Replays change nothing.
WITH paid AS (
    INSERT INTO payment (payment_id, freelancer_id, amount, refunded, currency, version)
    SELECT e.payment_id, e.freelancer_id, e.amount, 0, e.currency, e.version
    FROM unnest(:aggregate_id, :freelancer_id, :amount_amount, :amount_currency, :version)
        AS e (payment_id, freelancer_id, amount, currency, version)
    ON CONFLICT (payment_id) DO NOTHING
    RETURNING freelancer_id, amount, currency
)
INSERT INTO earning AS t (freelancer_id, partition, currency, amount)
SELECT freelancer_id, :partition, currency, sum(amount)
FROM paid
GROUP BY freelancer_id, currency
ON CONFLICT (freelancer_id, partition, currency) DO UPDATE
SET amount = t.amount + excluded.amount;

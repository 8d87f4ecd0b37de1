-- PaymentRefunded -> payment.  The reason stays in the event.
UPDATE payment p
SET refunded = p.refunded + e.amount, version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :amount_amount, :version, :occurred_at) AS e (payment_id, amount, version, occurred_at)
WHERE p.payment_id = e.payment_id AND p.version < e.version;

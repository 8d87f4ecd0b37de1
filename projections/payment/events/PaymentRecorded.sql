-- insert-only
-- PaymentRecorded -> payment.  Replays change nothing.
INSERT INTO payment (payment_id, invoice_id, client_id, freelancer_id, amount, refunded, currency, method, reference, version,
                     created_at, updated_at)
SELECT e.payment_id, e.invoice_id, e.client_id, e.freelancer_id, e.amount, 0, e.currency, e.method, e.reference, e.version,
       e.occurred_at, e.occurred_at
FROM unnest(:aggregate_id, :invoice_id, :client_id, :freelancer_id, :amount_amount, :amount_currency, :method, :reference,
            :version, :occurred_at)
    AS e (payment_id, invoice_id, client_id, freelancer_id, amount, currency, method, reference, version, occurred_at)
ON CONFLICT (payment_id) DO NOTHING;

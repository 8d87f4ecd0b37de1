-- insert-only
-- InvoiceIssued -> invoice.  Replays change nothing.
INSERT INTO invoice (invoice_id, number, contract_id, client_id, freelancer_id, lines, total, currency, due_date, status, version,
                     created_at, updated_at)
SELECT e.invoice_id, e.number, e.contract_id, e.client_id, e.freelancer_id, e.lines::json, e.total, e.currency,
       (e.due_date AT TIME ZONE 'UTC')::date, 'issued', e.version, e.occurred_at, e.occurred_at
FROM unnest(:aggregate_id, :number, :contract_id, :client_id, :freelancer_id, :lines, :total_amount, :total_currency, :due_date,
            :version, :occurred_at)
    AS e (invoice_id, number, contract_id, client_id, freelancer_id, lines, total, currency, due_date, version, occurred_at)
ON CONFLICT (invoice_id) DO NOTHING;

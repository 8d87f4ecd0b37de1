-- InvoicePaid -> invoice.
UPDATE invoice t
SET status = 'paid', version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :version, :occurred_at) AS e (invoice_id, version, occurred_at)
WHERE t.invoice_id = e.invoice_id AND t.version < e.version;

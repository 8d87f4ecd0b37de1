-- The view of payment: invoices and what was paid on them, made of events alone (P1). version is the ETag and what replays compare.

-- What was paid of an invoice is the sum of its payments: they are aggregates of their own.
CREATE TABLE invoice (
    invoice_id    uuid PRIMARY KEY,
    number        text NOT NULL,
    contract_id   uuid NOT NULL,
    client_id     uuid NOT NULL,
    freelancer_id uuid NOT NULL,
    lines         json NOT NULL, -- as the event has them: nothing looks inside
    total         int8 NOT NULL,
    currency      text NOT NULL,
    due_date      date NOT NULL,
    status        text NOT NULL, -- issued, paid, cancelled; partially_paid is what the payments say
    version       int8 NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX invoice_by_client ON invoice (client_id, created_at, invoice_id);
CREATE INDEX invoice_by_freelancer ON invoice (freelancer_id, created_at, invoice_id);

CREATE TABLE payment (
    payment_id    uuid PRIMARY KEY,
    invoice_id    uuid NOT NULL,
    client_id     uuid NOT NULL,
    freelancer_id uuid NOT NULL,
    amount        int8 NOT NULL,
    refunded      int8 NOT NULL,
    currency      text NOT NULL,
    method        text NOT NULL,
    reference     text NOT NULL,
    version       int8 NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX payment_by_invoice ON payment (invoice_id, created_at, payment_id);
CREATE INDEX payment_by_client ON payment (client_id, created_at, payment_id);
CREATE INDEX payment_by_freelancer ON payment (freelancer_id, created_at, payment_id);

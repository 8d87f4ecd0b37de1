-- insert-only
-- FreelancerHired -> contract.  Replays change nothing.
INSERT INTO contract (contract_id, job_id, application_id, client_id, freelancer_id, amount, currency, status, version,
                      created_at, updated_at)
SELECT e.contract_id, e.job_id, e.application_id, e.client_id, e.freelancer_id, e.amount, e.currency, 'active', e.version,
       e.occurred_at, e.occurred_at
FROM unnest(:aggregate_id, :job_id, :application_id, :client_id, :freelancer_id, :amount_amount, :amount_currency, :version,
            :occurred_at)
    AS e (contract_id, job_id, application_id, client_id, freelancer_id, amount, currency, version, occurred_at)
ON CONFLICT (contract_id) DO NOTHING;

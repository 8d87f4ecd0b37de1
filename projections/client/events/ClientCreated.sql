-- insert-only
-- ClientCreated -> profile.  Replays change nothing.
INSERT INTO profile (client_id, company, website, about, version, created_at, updated_at)
SELECT e.client_id, '', '', '', e.version, e.occurred_at, e.occurred_at
FROM unnest(:aggregate_id, :version, :occurred_at) AS e (client_id, version, occurred_at)
ON CONFLICT (client_id) DO NOTHING;

-- insert-only
-- FreelancerCreated -> profile.  Replays change nothing.
INSERT INTO profile (freelancer_id, headline, skills, rate_amount, rate_currency, available, skill_keys, words, version, created_at,
                     updated_at)
SELECT e.freelancer_id, '', '{}', NULL, NULL, true, '{}', '', e.version, e.occurred_at, e.occurred_at
FROM unnest(:aggregate_id, :version, :occurred_at) AS e (freelancer_id, version, occurred_at)
ON CONFLICT (freelancer_id) DO NOTHING;

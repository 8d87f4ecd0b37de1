-- ApplicationAccepted -> application.
UPDATE application t
SET status = 'accepted', past_status = t.past_status || 'accepted'::text, past_at = t.past_at || e.occurred_at, version = e.version,
    updated_at = e.occurred_at, decided_at = e.occurred_at
FROM unnest(:aggregate_id, :version, :occurred_at) AS e (application_id, version, occurred_at)
WHERE t.application_id = e.application_id AND t.version < e.version;

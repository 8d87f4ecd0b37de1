-- newest counts
-- FreelancerUpdated -> profile.  What is absent stays.
UPDATE profile p
SET headline = n.headline, skills = n.skills, rate_amount = n.rate_amount, rate_currency = n.rate_currency,
    available = n.available, skill_keys = lower(n.skills::text)::text[],
    words = setweight(to_tsvector('simple', n.headline), 'B')
            || setweight(to_tsvector('simple', array_to_string(n.skills, ', ')), 'C'),
    version = n.version, updated_at = n.occurred_at
FROM (
    SELECT o.freelancer_id, coalesce(e.headline, o.headline) AS headline, coalesce(e.skills::text[], o.skills) AS skills,
           coalesce(e.rate_amount, o.rate_amount) AS rate_amount, coalesce(e.rate_currency, o.rate_currency) AS rate_currency,
           coalesce(e.available, o.available) AS available, e.version, e.occurred_at
    FROM unnest(:aggregate_id, :headline, :skills, :hourly_rate_amount, :hourly_rate_currency, :available, :version, :occurred_at)
        AS e (freelancer_id, headline, skills, rate_amount, rate_currency, available, version, occurred_at)
    JOIN profile o ON o.freelancer_id = e.freelancer_id AND o.version < e.version
) AS n
WHERE p.freelancer_id = n.freelancer_id;

-- newest counts
-- ClientUpdated -> profile.  What is absent stays.
UPDATE profile p
SET company = coalesce(e.company, p.company), website = coalesce(e.website, p.website), about = coalesce(e.about, p.about),
    version = e.version, updated_at = e.occurred_at
FROM unnest(:aggregate_id, :company, :website, :about, :version, :occurred_at)
    AS e (client_id, company, website, about, version, occurred_at)
WHERE p.client_id = e.client_id AND p.version < e.version;

-- One client: the profile, who that is, and what it did.
-- sources: client from_user from_job from_payment
-- item
SELECT p.client_id AS id, p.created_at, p.version,
       json_build_object('id', p.client_id, 'display_name', coalesce(person.display_name, ''), 'company', p.company,
                         'website', p.website, 'about', p.about, 'jobs_posted', posted.n, 'hires', hired.n,
                         'spent', spent.money, 'version', p.version, 'created_at', json_time(p.created_at),
                         'updated_at', json_time(p.updated_at))::text AS body
FROM profile p
LEFT JOIN person ON person.client_id = p.client_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(jobs_posted), 0) AS n FROM posting_total WHERE client_id = p.client_id
) AS posted
CROSS JOIN LATERAL (
    SELECT coalesce(sum(hires), 0) AS n FROM hire_total WHERE client_id = p.client_id
) AS hired
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_money(amount, currency) ORDER BY currency), '[]') AS money
    FROM (SELECT currency, sum(amount)::int8 AS amount FROM spending WHERE client_id = p.client_id
          GROUP BY currency HAVING sum(amount) <> 0) AS of_currency
) AS spent
WHERE p.client_id = ANY(:ids);

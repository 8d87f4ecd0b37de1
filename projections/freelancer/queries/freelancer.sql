-- One freelancer: the profile, who that is, and what became of the work.
-- sources: freelancer from_user from_job from_payment
-- item
SELECT p.freelancer_id AS id, p.created_at, p.version,
       json_build_object('id', p.freelancer_id, 'display_name', coalesce(person.display_name, ''), 'headline', p.headline,
                         'skills', p.skills,
                         'hourly_rate', CASE WHEN p.rate_amount IS NOT NULL THEN json_money(p.rate_amount, p.rate_currency) END,
                         'available', p.available, 'completed', done.n, 'earned', earned.money, 'version', p.version,
                         'created_at', json_time(p.created_at), 'updated_at', json_time(p.updated_at))::text AS body
FROM profile p
LEFT JOIN person ON person.freelancer_id = p.freelancer_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(completed), 0) AS n FROM completed_total WHERE freelancer_id = p.freelancer_id
) AS done
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_money(amount, currency) ORDER BY currency), '[]') AS money
    FROM (SELECT currency, sum(amount)::int8 AS amount FROM earning WHERE freelancer_id = p.freelancer_id
          GROUP BY currency HAVING sum(amount) <> 0) AS of_currency
) AS earned
WHERE p.freelancer_id = ANY(:ids);

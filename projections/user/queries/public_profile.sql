-- What others see of a person.
-- sources: user
-- item
SELECT user_id AS id, created_at, version,
       json_build_object('id', user_id, 'display_name', display_name, 'headline', headline, 'bio', bio,
                         'location', location, 'roles', roles,
                         'status', CASE WHEN active THEN 'active' ELSE 'deactivated' END, 'version', version,
                         'created_at', json_time(created_at), 'updated_at', json_time(updated_at))::text AS body
FROM account
WHERE user_id = ANY(:ids);

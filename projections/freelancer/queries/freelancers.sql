-- Freelancers by words in name, headline and skills (best first), skills (all of them) and rate (in :currency); newest first when no
-- words are asked for.
-- sources: freelancer from_user from_job from_payment
-- ranked
-- :q text  :skills text[]  :max_rate int8  :currency text
--
-- walk, near, frequent, further and far as in search_jobs.sql, and for its reasons; they look at headline and skills. The name is another
-- source's row: named adds those whose name has one of the words (at most 5000 people) and who have the others in either place.
WITH walk AS MATERIALIZED (                                                           --? !q
    SELECT freelancer_id, created_at, skill_keys, rate_amount, rate_currency FROM profile --? !q
    WHERE (created_at, freelancer_id) < (:cursor_time, :cursor_id)                    --? !q cursor_time !backward
    WHERE (created_at, freelancer_id) > (:cursor_time, :cursor_id)                    --? !q cursor_time backward
    ORDER BY created_at DESC, freelancer_id DESC                                      --? !q !backward
    ORDER BY created_at, freelancer_id                                                --? !q backward
    LIMIT 1000                                                                        --? !q
), near AS MATERIALIZED (                                                             --? !q
    SELECT p.freelancer_id, p.created_at FROM walk AS p                               --? !q
WITH near AS MATERIALIZED (                                                           --? q
    SELECT CASE querytree(websearch_to_tsquery('simple', :q)) WHEN 'T' THEN 30 ELSE count(*) END AS n --? q
    FROM (SELECT * FROM profile ORDER BY created_at DESC, freelancer_id DESC LIMIT 1000) AS p --? q
    WHERE true
      AND p.skill_keys @> (SELECT lower(:skills::text)::text[])                       --? skills
      AND p.rate_currency = :currency AND p.rate_amount <= :max_rate                  --? max_rate !q
      AND p.words @@ (SELECT websearch_to_tsquery('simple', :q))                      --? q
    LIMIT :page_limit                                                                 --? !q
), frequent AS MATERIALIZED (                                                         --? q
    SELECT p.freelancer_id, p.created_at, p.words                                     --? q
    FROM (SELECT * FROM profile ORDER BY created_at DESC, freelancer_id DESC LIMIT 10000) AS p --? q
    WHERE (SELECT n >= 30 FROM near)                                                  --? q
      AND p.words @@ (SELECT websearch_to_tsquery('simple', :q))                      --? q
      AND p.skill_keys @> (SELECT lower(:skills::text)::text[])                       --? skills q
      AND p.rate_currency = :currency AND p.rate_amount <= :max_rate                  --? max_rate q
    LIMIT 200                                                                         --? q
), named AS MATERIALIZED (                                                            --? q
    SELECT p.freelancer_id, p.created_at, p.words || n.words AS words                 --? q
    FROM (                                                                            --? q
        SELECT * FROM person                                                          --? q
        WHERE words @@ (SELECT regexp_replace(querytree(websearch_to_tsquery('simple', :q)), --? q
                                              ' (&|<[-0-9]+>) ', ' | ', 'g')::tsquery) --? q
        LIMIT 5000                                                                    --? q
    ) AS n                                                                            --? q
    JOIN profile p ON p.freelancer_id = n.freelancer_id                               --? q
    WHERE NOT p.words @@ (SELECT websearch_to_tsquery('simple', :q)) AND p.words || n.words @@ (SELECT websearch_to_tsquery('simple', :q)) --? q
      AND p.skill_keys @> (SELECT lower(:skills::text)::text[])                       --? skills q
      AND p.rate_currency = :currency AND p.rate_amount <= :max_rate                  --? max_rate q
    ORDER BY p.created_at DESC, p.freelancer_id DESC                                  --? q
    LIMIT 500                                                                         --? q
), further AS MATERIALIZED (                                                          --? !q
    SELECT p.freelancer_id, p.created_at                                              --? !q
    FROM (                                                                            --? !q
        SELECT * FROM profile                                                         --? !q
        WHERE (created_at, freelancer_id) < (:cursor_time, :cursor_id)                --? !q cursor_time !backward
        WHERE (created_at, freelancer_id) > (:cursor_time, :cursor_id)                --? !q cursor_time backward
        ORDER BY created_at DESC, freelancer_id DESC                                  --? !q !backward
        ORDER BY created_at, freelancer_id                                            --? !q backward
        LIMIT 10000                                                                   --? !q
    ) AS p                                                                            --? !q
    WHERE (SELECT count(*) >= 4 AND count(*) < :page_limit FROM near)                 --? !q
      AND (SELECT count(*) = 1000 FROM walk)                                          --? !q
      AND p.skill_keys @> (SELECT lower(:skills::text)::text[])                       --? skills !q
      AND p.rate_currency = :currency AND p.rate_amount <= :max_rate                  --? max_rate !q
    LIMIT :page_limit                                                                 --? !q
), far AS MATERIALIZED (
    SELECT p.freelancer_id, p.created_at
         , p.words                                                                    --? q
    FROM (
        SELECT * FROM profile
        WHERE words @@ (SELECT websearch_to_tsquery('simple', :q))                    --? q
          AND skill_keys @> (SELECT lower(:skills::text)::text[])                     --? q skills
        WHERE skill_keys @> (SELECT lower(:skills::text)::text[])                     --? !q skills
        WHERE rate_currency = :currency AND rate_amount <= :max_rate                  --? !q !skills max_rate
        OFFSET 0
    ) AS p
    WHERE (SELECT n < 30 FROM near)                                                   --? q
    WHERE (SELECT count(*) < :page_limit FROM near) AND (SELECT count(*) = 1000 FROM walk) --? !q
      AND (SELECT count(*) < :page_limit FROM further)                                --? !q
      AND p.rate_currency = :currency AND p.rate_amount <= :max_rate                  --? max_rate
      AND (p.created_at, p.freelancer_id) < (:cursor_time, :cursor_id)                --? !q cursor_time !backward
      AND (p.created_at, p.freelancer_id) > (:cursor_time, :cursor_id)                --? !q cursor_time backward
    ORDER BY p.created_at DESC, p.freelancer_id DESC                                  --? q
    ORDER BY p.created_at DESC, p.freelancer_id DESC                                  --? !q !backward
    ORDER BY p.created_at, p.freelancer_id                                            --? !q backward
    LIMIT 500                                                                         --? q
    LIMIT :page_limit                                                                 --? !q
), found AS (
    SELECT freelancer_id, created_at,                                                 --? q
           words || coalesce((SELECT n.words FROM person n WHERE n.freelancer_id = f.freelancer_id), '') AS words --? q
    FROM (SELECT * FROM frequent UNION ALL SELECT * FROM far) AS f                    --? q
    UNION ALL                                                                         --? q
    SELECT * FROM named                                                               --? q
    SELECT * FROM near WHERE (SELECT count(*) >= :page_limit FROM near) OR (SELECT count(*) < 1000 FROM walk) --? !q
    UNION ALL                                                                         --? !q
    SELECT * FROM further WHERE (SELECT count(*) >= :page_limit FROM further) UNION ALL --? !q
    SELECT * FROM far                                                                 --? !q
), page AS (
    SELECT freelancer_id, created_at, rank
    FROM (                                                                            --? q
        SELECT freelancer_id, created_at, (ts_rank(words, (SELECT websearch_to_tsquery('simple', :q))) * 1000000)::int8 AS rank --? q
        FROM found                                                                    --? q
        WHERE words @@ (SELECT websearch_to_tsquery('simple', :q))                    --? q
        OFFSET 0                                                                      --? q
    ) AS ranked                                                                       --? q
    FROM (SELECT freelancer_id, created_at, 0::int8 AS rank FROM found) AS unranked   --? !q
    WHERE (rank, created_at, freelancer_id) < (:cursor_rank, :cursor_time, :cursor_id) --? q cursor_time !backward
    WHERE (rank, created_at, freelancer_id) > (:cursor_rank, :cursor_time, :cursor_id) --? q cursor_time backward
    ORDER BY rank DESC, created_at DESC, freelancer_id DESC                           --? !backward
    ORDER BY rank, created_at, freelancer_id                                          --? backward
    LIMIT :page_limit
)
SELECT p.freelancer_id AS id, p.created_at, p.version,
       json_build_object('id', p.freelancer_id, 'display_name', coalesce(person.display_name, ''), 'headline', p.headline,
                         'skills', p.skills,
                         'hourly_rate', CASE WHEN p.rate_amount IS NOT NULL THEN json_money(p.rate_amount, p.rate_currency) END,
                         'available', p.available, 'completed', done.n, 'earned', earned.money, 'version', p.version,
                         'created_at', json_time(p.created_at), 'updated_at', json_time(p.updated_at))::text AS body,
       page.rank
FROM page
JOIN profile p ON p.freelancer_id = page.freelancer_id
LEFT JOIN person ON person.freelancer_id = p.freelancer_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(completed), 0) AS n FROM completed_total WHERE freelancer_id = p.freelancer_id
) AS done
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_money(amount, currency) ORDER BY currency), '[]') AS money
    FROM (SELECT currency, sum(amount)::int8 AS amount FROM earning WHERE freelancer_id = p.freelancer_id
          GROUP BY currency HAVING sum(amount) <> 0) AS of_currency
) AS earned
ORDER BY page.rank DESC, page.created_at DESC, page.freelancer_id DESC --? !backward
ORDER BY page.rank, page.created_at, page.freelancer_id                --? backward
LIMIT :page_limit;

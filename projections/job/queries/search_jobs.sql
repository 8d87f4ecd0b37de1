-- Jobs by words (best first), skills (all of them), status, client and budget (in :currency); newest first when no words are asked for.
-- sources: job from_job
-- ranked
-- :q text  :skills text[]  :status text  :client_id uuid  :min_budget int8  :max_budget int8  :currency text
--
-- No index gives the newest matches of a word: the inverted one (far) must fetch all matches and sort them, which is right for few;
-- looking through the newest jobs (near) is right for many. The plans are generic and can't know, so the statement looks first:
--   words: 30 of the newest 1000 jobs with words and skills make a frequent search, whatever else is asked for: no other index would
--          help the inverted one; so does a search that no word is needed for (-this), which that one would be read whole for.
--          Of it the newest 200 matches among the newest 10000 jobs are ranked, of any other the newest 500.
--   no words: when the 1000 jobs behind the cursor (walk) do not fill the page, and are not the last ones, the index does.
-- Newest are those of the status that is asked for. So the work is bounded, but for skills that are frequent with a budget that is rare.
-- A client's jobs are few: all are looked at. OFFSET 0 keeps a filter from choosing the index.
WITH walk AS MATERIALIZED (                                                          --? !client_id !q
    SELECT job_id, created_at, skill_keys, budget_amount, budget_currency FROM search --? !client_id !q
    WHERE true                                                                       --? !client_id !q
      AND status = :status                                                           --? !client_id !q status
      AND (created_at, job_id) < (:cursor_time, :cursor_id)                          --? !client_id !q cursor_time !backward
      AND (created_at, job_id) > (:cursor_time, :cursor_id)                          --? !client_id !q cursor_time backward
    ORDER BY created_at DESC, job_id DESC                                            --? !client_id !q !backward
    ORDER BY created_at, job_id                                                      --? !client_id !q backward
    LIMIT 1000                                                                       --? !client_id !q
), near AS MATERIALIZED (                                                            --? !client_id !q
    SELECT s.job_id, s.created_at FROM walk AS s                                     --? !client_id !q
WITH near AS MATERIALIZED (                                                          --? !client_id q
    SELECT CASE querytree(websearch_to_tsquery('english', :q)) WHEN 'T' THEN 30 ELSE count(*) END AS n --? !client_id q
    FROM (                                                                           --? !client_id q
        SELECT * FROM search                                                         --? !client_id q
        WHERE status = :status                                                       --? !client_id q status
        ORDER BY created_at DESC, job_id DESC                                        --? !client_id q
        LIMIT 1000                                                                   --? !client_id q
    ) AS s                                                                           --? !client_id q
    WHERE true                                                                       --? !client_id
      AND s.words @@ (SELECT websearch_to_tsquery('english', :q))                    --? !client_id q
      AND s.skill_keys @> (SELECT lower(:skills::text)::text[])                      --? !client_id skills
      AND s.budget_currency = :currency AND s.budget_amount >= :min_budget           --? !client_id !q min_budget
      AND s.budget_currency = :currency AND s.budget_amount <= :max_budget           --? !client_id !q max_budget
    LIMIT :page_limit                                                                --? !client_id !q
), frequent AS MATERIALIZED (                                                        --? !client_id q
    SELECT s.job_id, s.created_at, s.words                                           --? !client_id q
    FROM (                                                                           --? !client_id q
        SELECT * FROM search                                                         --? !client_id q
        WHERE status = :status                                                       --? !client_id q status
        ORDER BY created_at DESC, job_id DESC                                        --? !client_id q
        LIMIT 10000                                                                  --? !client_id q
    ) AS s                                                                           --? !client_id q
    WHERE (SELECT n >= 30 FROM near)                                                 --? !client_id q
      AND s.words @@ (SELECT websearch_to_tsquery('english', :q))                    --? !client_id q
      AND s.skill_keys @> (SELECT lower(:skills::text)::text[])                      --? !client_id q skills
      AND s.budget_currency = :currency AND s.budget_amount >= :min_budget           --? !client_id q min_budget
      AND s.budget_currency = :currency AND s.budget_amount <= :max_budget           --? !client_id q max_budget
    LIMIT 200                                                                        --? !client_id q
), further AS MATERIALIZED (                                                         --? !client_id !q
    SELECT s.job_id, s.created_at                                                    --? !client_id !q
    FROM (                                                                           --? !client_id !q
        SELECT * FROM search                                                         --? !client_id !q
        WHERE true                                                                   --? !client_id !q
          AND status = :status                                                       --? !client_id !q status
          AND (created_at, job_id) < (:cursor_time, :cursor_id)                      --? !client_id !q cursor_time !backward
          AND (created_at, job_id) > (:cursor_time, :cursor_id)                      --? !client_id !q cursor_time backward
        ORDER BY created_at DESC, job_id DESC                                        --? !client_id !q !backward
        ORDER BY created_at, job_id                                                  --? !client_id !q backward
        LIMIT 10000                                                                  --? !client_id !q
    ) AS s                                                                           --? !client_id !q
    WHERE (SELECT count(*) >= 4 AND count(*) < :page_limit FROM near)                --? !client_id !q
      AND (SELECT count(*) = 1000 FROM walk)                                         --? !client_id !q
      AND s.skill_keys @> (SELECT lower(:skills::text)::text[])                      --? !client_id !q skills
      AND s.budget_currency = :currency AND s.budget_amount >= :min_budget           --? !client_id !q min_budget
      AND s.budget_currency = :currency AND s.budget_amount <= :max_budget           --? !client_id !q max_budget
    LIMIT :page_limit                                                                --? !client_id !q
), far AS MATERIALIZED (                                                             --? !client_id
WITH far AS MATERIALIZED (                                                           --? client_id
    SELECT s.job_id, s.created_at
         , s.words                                                                   --? q
    FROM (
        SELECT search.* FROM search
        JOIN posting p ON p.job_id = search.job_id AND p.client_id = :client_id      --? client_id
        WHERE words @@ (SELECT websearch_to_tsquery('english', :q))                  --? !client_id q
          AND skill_keys @> (SELECT lower(:skills::text)::text[])                    --? !client_id q skills
        WHERE skill_keys @> (SELECT lower(:skills::text)::text[])                    --? !client_id !q skills
        WHERE budget_currency = :currency AND budget_amount >= :min_budget           --? !client_id !q !skills min_budget
          AND budget_amount <= :max_budget                                           --? !client_id !q !skills min_budget max_budget
        WHERE budget_currency = :currency AND budget_amount <= :max_budget           --? !client_id !q !skills !min_budget max_budget
        OFFSET 0
    ) AS s
    WHERE true
      AND (SELECT n < 30 FROM near)                                                  --? !client_id q
      AND (SELECT count(*) < :page_limit FROM near) AND (SELECT count(*) = 1000 FROM walk) --? !client_id !q
      AND (SELECT count(*) < :page_limit FROM further)                               --? !client_id !q
      AND s.words @@ (SELECT websearch_to_tsquery('english', :q))                    --? client_id q
      AND s.skill_keys @> (SELECT lower(:skills::text)::text[])                      --? client_id skills
      AND s.status = :status                                                         --? status
      AND s.budget_currency = :currency AND s.budget_amount >= :min_budget           --? min_budget
      AND s.budget_currency = :currency AND s.budget_amount <= :max_budget           --? max_budget
      AND (s.created_at, s.job_id) < (:cursor_time, :cursor_id)                      --? !q cursor_time !backward
      AND (s.created_at, s.job_id) > (:cursor_time, :cursor_id)                      --? !q cursor_time backward
    ORDER BY s.created_at DESC, s.job_id DESC                                        --? q
    ORDER BY s.created_at DESC, s.job_id DESC                                        --? !q !backward
    ORDER BY s.created_at, s.job_id                                                  --? !q backward
    LIMIT 500                                                                        --? q
    LIMIT :page_limit                                                                --? !q
), found AS (
    SELECT job_id, created_at, words FROM frequent UNION ALL                         --? q !client_id
    SELECT job_id, created_at, words FROM far                                        --? q
    SELECT * FROM near WHERE (SELECT count(*) >= :page_limit FROM near) OR (SELECT count(*) < 1000 FROM walk) --? !q !client_id
    UNION ALL                                                                        --? !q !client_id
    SELECT * FROM further WHERE (SELECT count(*) >= :page_limit FROM further) UNION ALL --? !q !client_id
    SELECT * FROM far                                                                --? !q
), page AS (
    SELECT job_id, created_at, rank
    FROM (                                                                           --? q
        SELECT job_id, created_at, (ts_rank(words, (SELECT websearch_to_tsquery('english', :q))) * 1000000)::int8 AS rank --? q
        FROM found                                                                   --? q
    ) AS ranked                                                                      --? q
    FROM (SELECT job_id, created_at, 0::int8 AS rank FROM found) AS unranked         --? !q
    WHERE (rank, created_at, job_id) < (:cursor_rank, :cursor_time, :cursor_id)      --? q cursor_time !backward
    WHERE (rank, created_at, job_id) > (:cursor_rank, :cursor_time, :cursor_id)      --? q cursor_time backward
    ORDER BY rank DESC, created_at DESC, job_id DESC                                 --? !backward
    ORDER BY rank, created_at, job_id                                                --? backward
    LIMIT :page_limit
)
SELECT p.job_id AS id, p.created_at, p.version,
       json_build_object('id', p.job_id, 'client_id', p.client_id, 'title', p.title, 'description', p.description,
                         'skills', p.skills, 'budget', json_money(p.budget_amount, p.budget_currency), 'status', p.status,
                         'version', p.version, 'created_at', json_time(p.created_at),
                         'updated_at', json_time(p.updated_at))::text AS body,
       page.rank
FROM page
JOIN posting p ON p.job_id = page.job_id
ORDER BY page.rank DESC, page.created_at DESC, page.job_id DESC --? !backward
ORDER BY page.rank, page.created_at, page.job_id                --? backward
LIMIT :page_limit;

-- $1 max int8. Dead letters that nobody has handled, and parked aggregates; each counted up to max.
SELECT (SELECT count(*)
        FROM (SELECT
              FROM dead_letter d
              WHERE NOT EXISTS (SELECT
                                FROM letter_decision x
                                WHERE x.projection = '' AND x.topic = d.topic AND x.partition = d.partition
                                  AND x."offset" = d."offset" AND x.decided_as IS NOT NULL)
              LIMIT $1) AS l),
       (SELECT count(*) FROM (SELECT DISTINCT projection, partition, aggregate_id FROM parked LIMIT $1) AS p);

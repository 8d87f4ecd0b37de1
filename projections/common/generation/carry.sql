-- Who works on the lanes goes on with this generation, under the same epochs. Commands that were skipped left no event, so only the live
-- row knows of them. lost: the live rows know nothing; the logs were read to their ends, and the claims with them.
DO $$
DECLARE
    live  text := current_setting('hirelog.live');
    fresh text := current_setting('hirelog.fresh');
    lost  bool := current_setting('hirelog.lost')::bool;
BEGIN
    EXECUTE format($q$
        UPDATE %I.lane n
        SET owner = l.owner, epoch = l.epoch, backend_pid = l.backend_pid, backend_start = l.backend_start,
            next_command = greatest(n.next_command, l.next_command), caught_up = $1 OR l.caught_up,
            claims_rebuild = CASE WHEN $1 THEN $2 ELSE l.claims_rebuild END,
            cluster_id = CASE WHEN $1 THEN $3 ELSE l.cluster_id END
        FROM %I.lane l
        WHERE l.partition = n.partition $q$, fresh, live)
    USING lost, current_setting('hirelog.claims_rebuild'), current_setting('hirelog.cluster_id');
    EXECUTE format($q$
        UPDATE %I.position n SET caught_up = true
        WHERE $1 OR EXISTS (SELECT FROM %I.position l WHERE l.source = n.source AND l.partition = n.partition AND l.caught_up) $q$,
        fresh, live)
    USING lost;
END $$;

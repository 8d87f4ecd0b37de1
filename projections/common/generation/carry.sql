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
            next_command = greatest(n.next_command, l.next_command),
            claims_rebuild = CASE WHEN $1 THEN $2 ELSE l.claims_rebuild END,
            cluster_id = CASE WHEN $1 THEN $3 ELSE l.cluster_id END
        FROM %I.lane l
        WHERE l.partition = n.partition $q$, fresh, live)
    USING lost, current_setting('hirelog.claims_rebuild'), current_setting('hirelog.cluster_id');
    -- What the live rows could be believed, these can: both stand at the same offsets.
    EXECUTE format($q$
        INSERT INTO %I.lane_caught_up (partition, epoch)
        SELECT n.partition, n.epoch
        FROM %I.lane n
        WHERE $1 OR EXISTS (SELECT FROM %I.lane_progress l WHERE l.partition = n.partition AND l.caught_up)
        ON CONFLICT (partition) DO UPDATE SET epoch = EXCLUDED.epoch $q$, fresh, fresh, live)
    USING lost;
    EXECUTE format($q$
        DELETE FROM %I.position_caught_up $q$, fresh);
    EXECUTE format($q$
        INSERT INTO %I.position_caught_up (source, partition)
        SELECT n.source, n.partition
        FROM %I.position n
        WHERE $1 OR EXISTS (SELECT FROM %I.position_progress l
                            WHERE l.source = n.source AND l.partition = n.partition AND l.caught_up) $q$, fresh, fresh, live)
    USING lost;
END $$;

-- How two generations are compared: row by row by their primary keys, the other columns by their bytes. Left out: who works on a lane,
-- when something was parked, and the keys of outcomes, which older programs did not write.
SET client_connection_check_interval = '1s';

CREATE FUNCTION pg_temp.name_of(relation regclass) RETURNS name
    LANGUAGE sql STABLE
    RETURN (SELECT relname FROM pg_class WHERE oid = relation);

CREATE FUNCTION pg_temp.columns_of(relation regclass, keys bool) RETURNS text[]
    LANGUAGE sql STABLE
    RETURN (SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum)
            FROM pg_attribute a
            LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
            WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
              AND CASE WHEN keys THEN a.attnum = ANY (i.indkey)
                       WHEN pg_temp.name_of(relation) = 'lane' THEN a.attname = ANY ('{partition,next_event,first_event_id,last_event_id}')
                       WHEN pg_temp.name_of(relation) = 'position' THEN a.attname = ANY ('{source,partition,next}')
                       WHEN pg_temp.name_of(relation) = 'parked' THEN a.attname = ANY ('{projection,partition,offset,aggregate_id,event_type}')
                       WHEN pg_temp.name_of(relation) = 'outcome' THEN a.attname <> 'key'
                       ELSE true END);

-- Which rows: no parked aggregate's, no outcome that is about to be forgotten, states of the fold version that both have.
CREATE FUNCTION pg_temp.rows_of(relation regclass, since timestamptz, fold_version int, parked uuid[]) RETURNS text
    LANGUAGE sql STABLE
    RETURN concat_ws(' AND ', 'true',
        CASE WHEN pg_temp.name_of(relation) = 'outcome' THEN format('decided_at >= %L', since) END,
        CASE WHEN pg_temp.name_of(relation) = 'state' THEN format('fold_version = %L', fold_version) END,
        CASE WHEN parked <> '{}' AND pg_temp.name_of(relation) <> 'parked' THEN
            (SELECT string_agg(format('(%1$I IS NULL OR %1$I <> ALL (%2$L))', a.attname, parked), ' AND ')
             FROM pg_attribute a
             WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'uuid'::regtype
               AND NOT (pg_temp.name_of(relation) = 'outcome' AND a.attname = 'key')) END);

CREATE FUNCTION pg_temp.compare(live regclass, fresh regclass, since timestamptz, fold_version int, parked uuid[])
    RETURNS TABLE (in_live int8, in_fresh int8, only_live int8, only_fresh int8, different int8, sample text)
    LANGUAGE plpgsql AS $$
DECLARE
    keys    text := array_to_string(pg_temp.columns_of(live, true), ', ');
    columns text := array_to_string(pg_temp.columns_of(live, false), ', ');
    joined  text := format('(SELECT %1$s, ROW(%2$s) AS t, true AS here FROM %3$s WHERE %5$s) l
                            FULL JOIN (SELECT %1$s, ROW(%2$s) AS t, true AS here FROM %4$s WHERE %6$s) f USING (%1$s)',
                           keys, columns, live, fresh, pg_temp.rows_of(live, since, fold_version, parked),
                           pg_temp.rows_of(fresh, since, fold_version, parked));
BEGIN
    EXECUTE 'SELECT count(l.here), count(f.here), count(*) FILTER (WHERE f.here IS NULL), count(*) FILTER (WHERE l.here IS NULL),
                    count(*) FILTER (WHERE l.t *<> f.t) FROM ' || joined
    INTO in_live, in_fresh, only_live, only_fresh, different;
    IF only_live + only_fresh + different > 0 THEN
        EXECUTE format('SELECT string_agg(found, ''; '') FROM (SELECT concat_ws('' '', %s) AS found FROM %s
                        WHERE f.here IS NULL OR l.here IS NULL OR l.t *<> f.t ORDER BY 1 LIMIT 3) AS first', keys, joined)
        INTO sample;
    END IF;
    RETURN NEXT;
END $$;

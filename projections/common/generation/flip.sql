-- The other generation is live (R2). The one before is kept under another name, so whoever still works with it, reading or writing, finds
-- no tables by his next statement and connects anew: nothing is read or written past the swap.
DO $$
DECLARE
    live  text := current_setting('hirelog.live');
    fresh text := current_setting('hirelog.fresh');
BEGIN
    EXECUTE format('ALTER SCHEMA %I RENAME TO %I', live, live || '_kept');
    IF fresh ~ '_kept$' THEN
        EXECUTE format('ALTER SCHEMA %I RENAME TO %I', fresh, regexp_replace(fresh, '_kept$', ''));
    END IF;
    UPDATE control SET generation = substring(fresh FROM '_g([0-9]+)')::int;
    PERFORM pg_notify('lane_' || current_setting('hirelog.service'), 'generation');
END $$;

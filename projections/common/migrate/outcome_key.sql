-- A live generation that an older program made: its outcomes have no key, and the next ones get one. Where there is nothing to do no
-- lock is asked for.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'outcome'::regclass AND attname = 'key' AND NOT attisdropped) THEN
        ALTER TABLE outcome ADD COLUMN key uuid;
    END IF;
END $$;

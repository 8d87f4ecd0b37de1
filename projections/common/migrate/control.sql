-- The first generation of a schema that is new, or was lost.
INSERT INTO control (single, generation, rebuild_id)
VALUES (true, 1, current_setting('hirelog.rebuild_id')::uuid)
ON CONFLICT (single) DO NOTHING;

-- Nor a projector.
SELECT partition FROM position ORDER BY source, partition FOR UPDATE;

-- $1 source text. How far this source has been projected.
SELECT partition, next, caught_up FROM position_progress WHERE source = $1 ORDER BY partition;

-- Which generation is live.
SELECT generation FROM control;

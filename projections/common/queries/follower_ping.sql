-- Still there?
SELECT 1;

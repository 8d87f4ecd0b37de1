-- $1 partition int4  $2 before timestamptz  $3 max int8. Forgets old outcomes in small steps (I4).
DELETE FROM outcome
WHERE command_id IN (SELECT command_id FROM outcome WHERE partition = $1 AND decided_at < $2 ORDER BY decided_at LIMIT $3);

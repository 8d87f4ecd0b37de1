-- $1 before timestamptz  $2 max int8. Forgets what a 202 promised, once its outcome is forgotten too, in small steps.
DELETE FROM pending_command
WHERE command_id IN (SELECT command_id FROM pending_command WHERE at < $1 ORDER BY at LIMIT $2);

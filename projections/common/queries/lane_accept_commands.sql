-- $1 partition int4  $2 low int8  $3 high int8. The command log is taken as it is: a position outside of it goes to its beginning.
UPDATE lane SET next_command = $2 WHERE partition = $1 AND (next_command < $2 OR next_command > $3);

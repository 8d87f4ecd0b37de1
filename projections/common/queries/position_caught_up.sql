-- $1 source text  $2 partition int4. It was at the end of the log: from now on "not there" is an answer (V2).
UPDATE position SET caught_up = true WHERE source = $1 AND partition = $2 AND NOT caught_up;

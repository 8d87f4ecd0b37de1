-- $1 source text  $2 partition int4. It was at the end of the log: from now on "not there" is an answer (V2), until the rows are lost.
INSERT INTO position_caught_up (source, partition) VALUES ($1, $2) ON CONFLICT (source, partition) DO NOTHING;

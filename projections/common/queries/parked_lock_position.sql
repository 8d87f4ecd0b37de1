-- $1 partition int4  $2 source text. The same for the projector.
SELECT partition FROM position WHERE partition = $1 AND source = $2 FOR UPDATE;

-- $1 partition int4. Holds up the lane between two batches, for who applies what waits: the lane locks this row first, too.
SELECT partition FROM lane WHERE partition = $1 FOR UPDATE;

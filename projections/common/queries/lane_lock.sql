-- $1 partition int4  $2 epoch int8  $3 next_event int8. Compare and set, first statement of every batch: no row = not the owner.
SELECT epoch FROM lane WHERE partition = $1 AND epoch = $2 AND next_event = $3 FOR UPDATE;

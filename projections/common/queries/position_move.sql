-- $1 source text  $2 partition int4  $3 expected int8  $4 next int8. Compare and set, first statement of every chunk: no row = somebody
-- else projects this source (P2).
UPDATE position SET next = $4 WHERE source = $1 AND partition = $2 AND next = $3;

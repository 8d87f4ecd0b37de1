-- $1 projection text  $2 partition int4  $3 offset int8  $4 detail text. Still refused; the newest reason counts.
UPDATE parked SET detail = $4 WHERE projection = $1 AND partition = $2 AND "offset" = $3;

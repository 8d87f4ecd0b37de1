-- $1 projection text  $2 partition int4  $3 offsets int8[]. These are rows now.
DELETE FROM parked WHERE projection = $1 AND partition = $2 AND "offset" = ANY($3);

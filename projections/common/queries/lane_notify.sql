-- $1 channel text  $2 payload text. Its own statement after the commit: inside the batch it would serialise all commits.
SELECT pg_notify($1, $2);

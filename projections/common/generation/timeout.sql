-- $1 milliseconds text. What is left of the time to compare.
SELECT set_config('statement_timeout', $1, true);

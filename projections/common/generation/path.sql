-- $1 schema text  $2 service text. Which generation the next statements see, and what every generation shares.
SELECT set_config('search_path', quote_ident($1) || ', ' || quote_ident('hirelog_' || $2), false);

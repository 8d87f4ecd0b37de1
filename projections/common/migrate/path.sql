-- $1 schema text. Where the next script makes its tables.
SELECT set_config('search_path', quote_ident($1), true);

-- $1 milliseconds text. A replay that is stopped (Ctrl-Z) while it holds the live rows loses its connection, and them with it.
SELECT set_config('idle_in_transaction_session_timeout', $1, true);

-- Does this session take writes? Not on a standby, nor where the database is set read-only.
SELECT NOT current_setting('transaction_read_only')::boolean AS writable;

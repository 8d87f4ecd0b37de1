-- Until this transaction ends no other makes, drops, renames or grants anything here, migrations included: they all write the same rows of the
-- catalogue, and PostgreSQL would end one of them ("tuple concurrently updated", a deadlock).
SELECT pg_advisory_xact_lock(hashtext('hirelog migrate'));

#!/usr/bin/env bash
# A primary and a standby of PostgreSQL. The view's commits wait for no standby, the vault's do; after a failover to a standby that lagged
# nobody says "not found" of what was acknowledged, and money moves once.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/standby.sh"
lag_seconds=1
[[ ${HIRELOG_ROUND:-short} != full ]] || lag_seconds=8
"$http_root/ops/stack.sh" up kafka postgres
load_env
standby_up
api_and_worker_up
person ana client
person ben freelancer
post_job "$ana_token"
apply_for "$ben_token" "$job_id"
hire "$ana_token" "$ana_id" "$application_id"
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 200
await "$ana_token" /api/invoices/ '.results | length' 1
invoice_id=$(got '.results[0].id')

it "with a standby that confirms, the vault is on it"
sql "ALTER SYSTEM SET synchronous_standby_names = '*'"
sql 'SELECT pg_reload_conf()' >/dev/null
synchronous() {
    [[ $(sql 'SELECT sync_state FROM pg_stat_replication') == sync ]]
}
until_true 10 "a synchronous standby" synchronous
person eve client
[[ $(psql -XAtq "$standby_pg" -c "SELECT count(*) FROM hirelog_user_vault.credential WHERE user_id = '$eve_id'") == 1 ]] ||
    die "the standby has no credential of eve"

it "a standby that is silent: reads and the view go on, only the vault waits, and says so"
sender_freeze
login="{\"email\": \"$ana_email\", \"password\": \"correct horse of ana\"}"
start=$SECONDS
call '' POST /api/login/ 503 "$login"
((SECONDS - start < 12)) || die "a login waited $((SECONDS - start)) s"
[[ -n $(header Retry-After) ]] || die "503 without Retry-After"
call "$ana_token" GET /api/profile/ 200
post_job "$ana_token"
call '' GET "/api/jobs/$job_id/" 200
call "$ana_token" POST /api/jobs/create/ 202 "$json" -H 'Prefer: respond-async'
call '' GET "/api/jobs/?client_id=$ana_id" 200
waiting() { # backends that nobody asks for any more
    sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
}
[[ $(waiting) == 0 ]] || die "$(waiting) backends wait for the standby"
register='{"email": "gus@example.org", "password": "correct horse of gus", "display_name": "Gus", "roles": ["client"]}'
call '' POST /api/register/ 503 "$register" -H 'Idempotency-Key: gus'
call '' POST /api/register/ 503 "$register" -H 'Idempotency-Key: gus' # its row is there now, and the standby has none
sender_go
until_true 30 "a standby that streams again" synchronous
becomes 201 '' POST /api/register/ "$register" -H 'Idempotency-Key: gus'
becomes 200 '' POST /api/login/ "$login"
sql "ALTER SYSTEM RESET synchronous_standby_names"
sql 'SELECT pg_reload_conf()' >/dev/null

it "the standby lags ${lag_seconds} s: money moves, a job is posted, somebody registers"
until_true 30 "a standby that has all" standby_caught_up "$(sql 'SELECT pg_current_wal_lsn()')"
sender_freeze
pay="{\"invoice_id\": \"$invoice_id\", \"method\": \"card\"}"
call "$ana_token" POST /api/payments/ 201 "$pay" -H 'Idempotency-Key: pay'
payment_id=$(got .id)
refund='{"amount": {"amount": 15000, "currency": "EUR"}}'
call "$ben_token" POST "/api/payments/$payment_id/refund/" 200 "$refund" -H 'Idempotency-Key: refund'
post_job "$ana_token"
person ida client # its credential is not on the standby: that is what synchronous_standby_names is for
for ((until = SECONDS + lag_seconds; SECONDS < until; )); do
    call "$ana_token" PATCH "/api/jobs/$job_id/" 200 "{\"title\": \"Said at $EPOCHREALTIME\"}"
done

it "the primary dies, the standby is promoted; the worker has seen nothing of it yet"
kill -STOP "$worker_pid"
primary_kill
standby_promote
becomes 200 '' GET /api/clients/
[[ $(sql "SELECT count(*) FROM $(view payment).payment") == 0 ]] || die "the standby did not lag"
call '' GET "/api/jobs/$job_id/" 503
call "$ana_token" POST /api/payments/ 503 "$pay" -H 'Idempotency-Key: pay'
call "$ben_token" POST "/api/payments/$payment_id/refund/" 503 "$refund" -H 'Idempotency-Key: refund'
call '' POST /api/login/ 503 "$login"
call '' POST /api/login/ 503 "${login/$ana_email/$ida_email}"

it "the worker goes on: the same answers as before"
kill -CONT "$worker_pid"
becomes 200 '' GET "/api/jobs/$job_id/"
becomes 201 "$ana_token" POST /api/payments/ "$pay" -H 'Idempotency-Key: pay'
has .id "$payment_id"
becomes 200 "$ben_token" POST "/api/payments/$payment_id/refund/" "$refund" -H 'Idempotency-Key: refund'
becomes 200 '' POST /api/login/ "$login"
until_true 60 "a worker that is ready" worker_is_ready
[[ $(sql "SELECT count(*) FROM $(view payment).payment") == 1 ]] || die "not one payment"
[[ $(sql "SELECT count(*), sum(refunded) FROM $(view payment).payment") == "1|15000" ]] || die "refunded more than once"

it "an account whose credential was lost is counted and named"
names_ida() {
    curl -fsS --max-time 5 "$worker_admin/metrics" | grep -q '^hirelog_accounts_without_credential{service="user"} 1$'
}
until_true 60 "the number of accounts without credential" names_ida
curl -fsS "$worker_admin/readyz" | jq -e '.ready and ([.services[].accounts_without_credential] | add == 1)' >/dev/null || die "readyz"
hirelog account list --without-credential >"$http_work/lost"
[[ $(cut -f 1,2 "$http_work/lost") == $'USER_ID\tEMAIL\n'"$ida_id"$'\t'"$ida_email" ]] || die "named: $(<"$http_work/lost")"
for mistake in 'list' 'list --with-credential' 'list --without-credential more' 'forget'; do
    # shellcheck disable=SC2086
    hirelog account $mistake >/dev/null 2>&1 && die "account $mistake: understood" || [[ $? == 64 ]] || die "account $mistake: not 64"
done

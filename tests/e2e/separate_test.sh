#!/usr/bin/env bash
# A service in processes and a database of its own: the job worker and the job api alone, the others elsewhere, a gateway api over both
# databases.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
work=$HIRELOG_VAR/separate pids=()
mkdir -p "$work"
stop_all() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
}
trap 'stop_all; rm -rf "$http_work"' EXIT
admin=$HIRELOG_PG
unset HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_PIDS HIRELOG_CONFIG HIRELOG_PG HIRELOG_BROKERS

separate_sql() { # DATABASE TEXT
    psql -XAtq -v ON_ERROR_STOP=1 "${admin/dbname=hirelog/dbname=$1}" -c "$2"
}

it "two databases, one settings file"
psql -Xq "$admin" -c 'CREATE DATABASE separate' -c 'CREATE DATABASE separate_job'
sed -e 's/dbname=hirelog/dbname=separate/' -e 's/^\(.*_port\) = .*/\1 = 0/' "$HIRELOG_VAR/hirelog.conf" >"$work/hirelog.conf"
own=$(sed -n 's/^pg = //p' "$work/hirelog.conf")
own=${own/dbname=separate/dbname=separate_job}
cat >>"$work/hirelog.conf" <<CONF
topic_prefix = separate
pg_job = $own user=hirelog_job
pg_admin_job = $own user=hirelog
CONF
hirelog() {
    "$HIRELOG_BIN" "$@" --config "$work/hirelog.conf"
}
hirelog topics create
hirelog migrate
[[ $(separate_sql separate "SELECT count(*) FROM pg_namespace WHERE nspname = 'hirelog_job'") == 0 ]] || die "job is in the common database"
[[ $(separate_sql separate_job "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'hirelog%'") == \
    "hirelog_job hirelog_job_g1" ]] || die "not job alone in its database"

spawn() { # NAME ARGUMENT ...
    local name=$1
    shift
    "$HIRELOG_BIN" "$@" --config "$work/hirelog.conf" >"$work/$name.log" 2>&1 &
    pids+=($!)
}
url_of() { # NAME - of an api, once it listens
    local deadline=$((SECONDS + 60)) port
    until port=$(sed -n 's/.*msg="serving".* port=\([0-9]*\).*/\1/p' "$work/$1.log") && [[ -n $port ]]; do
        ((SECONDS < deadline)) || die "$1 does not listen: $(<"$work/$1.log")"
    done
    echo "http://127.0.0.1:$port"
}

it "job alone, the others together, a gateway over all"
spawn worker_job worker --services job
spawn worker_others worker --services user,client,freelancer,messaging,payment
spawn api_job api --services job
spawn gateway api
job_url=$(url_of api_job) gateway_url=$(url_of gateway)

HIRELOG_URL=$gateway_url
await '' /api/jobs/ '.results | length' 0
person ana client
person ben freelancer
post_job "$ana_token"

it "what one api writes the other shows"
HIRELOG_URL=$job_url
call '' GET "/api/jobs/$job_id/" 200
call "$ana_token" PATCH "/api/jobs/$job_id/" 200 '{"title": "Said to the job api"}'
apply_for "$ben_token" "$job_id"
HIRELOG_URL=$gateway_url
seen_by "$ben_token" "/api/freelancers/$ben_id/applications/" '.results[0].job_id' "$job_id"
call '' GET "/api/jobs/$job_id/" 200
has .title 'Said to the job api'

it "the job api knows no other service's routes, and its contract says so"
HIRELOG_URL=$job_url
call '' GET /api/clients/ 404
refused not_found
call "$ben_token" GET /api/threads/ 404
call '' GET /openapi.json 200
has '.paths | has("/api/clients/")' false
has '.paths | has("/api/jobs/")' true

it "across the databases the story goes on: an invoice for a contract"
HIRELOG_URL=$gateway_url
hire "$ana_token" "$ana_id" "$application_id"
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 200
await "$ana_token" /api/invoices/ '.results[0].contract_id' "$contract_id"
seen_by '' "/api/clients/$ana_id/" .hires 1
[[ $(separate_sql separate_job 'SELECT count(*) FROM hirelog_job_g1.contract') == 1 ]] || die "no contract in the job database"

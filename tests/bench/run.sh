#!/usr/bin/env bash
# Prints the figures of the dev stack in one run (`make bench`): needs `make up` to have been called, uses its default settings.
# Targets are printed beside the figures; the exit status is 1 when one is missed.
set -euo pipefail
cd "$(dirname "$0")/../.."
HIRELOG_VAR=${HIRELOG_VAR:-var}
# shellcheck disable=SC1091
source "$HIRELOG_VAR/run/stack.env"
load=build/release/tests/bench/http_load
hostport=${HIRELOG_URL#http://}
host=${hostport%%:*}
port=${hostport##*:}
jobs_wanted=100000
missed=0

say() { printf '%-34s %s\n' "$1" "$2"; }
figure() { sed -n "s/.*$1=\([0-9.]*\).*/\1/p" <<<"$2"; }
# check NAME FIGURE OP TARGET
check() {
    local verdict=ok
    awk -v a="$2" -v b="$4" "BEGIN { exit !(a $3 b) }" || { verdict=MISSED; missed=1; }
    printf '%-34s %s %s %s: %s\n' "  $1" "$2" "$3" "$4" "$verdict"
}
api() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }

email="bench-$$-$(date +%s)@example.org"
credentials="{\"email\":\"$email\",\"password\":\"a long bench password\"}"
api "$HIRELOG_URL/api/register/" -d "${credentials%\}},\"display_name\":\"Bench\",\"roles\":[\"client\"]}" >/dev/null
token=$(api "$HIRELOG_URL/api/login/" -d "$credentials" | jq -r .token)
body='{"title":"Translate a manual","description":"Forty pages about pumps, from German to English, with a glossary.","skills":["german","english","pumps"],"budget":{"amount":150000,"currency":"EUR"}}'

post() { # CONNECTIONS REQUESTS
    "$load" "$host" "$port" POST /api/jobs/create/ "$1" "$2" 201 "Authorization: Bearer $token" <<<"$body"
}
get() { "$load" "$host" "$port" GET "$1" 16 "$2" 200; }

echo "POST /api/jobs/create/ (authenticated, answered after the view is committed)"
post 16 2000 >/dev/null
for row in '1 1000' '16 10000' '64 20000' '256 60000'; do
    # shellcheck disable=SC2086
    line=$(post $row)
    say "  ${row%% *} connections" "$line"
    case ${row%% *} in
    1) check "p50 ms at 1 connection" "$(figure p50_ms "$line")" '<=' 6 ;;
    16) check "rate at 16 connections" "$(figure rate "$line")" '>=' 1500 ;;
    256) check "rate at 256 connections" "$(figure rate "$line")" '>=' 7000 ;;
    esac
done

rows=$(psql "$HIRELOG_PG" -Atc 'SELECT count(*) FROM hirelog_job_g1.posting')
if ((rows < jobs_wanted)); then
    post 256 $((jobs_wanted - rows)) >/dev/null
fi
psql "$HIRELOG_PG" -qAtc 'VACUUM ANALYZE hirelog_job_g1.posting'
rows=$(psql "$HIRELOG_PG" -Atc 'SELECT count(*) FROM hirelog_job_g1.posting')
id=$(psql "$HIRELOG_PG" -Atc 'SELECT job_id FROM hirelog_job_g1.posting LIMIT 1 OFFSET 5000')

echo "Reads at 16 connections, $rows jobs in the table"
line=$(get "/api/jobs/$id/" 100000)
say "  GET /api/jobs/{id}/" "$line"
script=$(mktemp)
trap 'rm -f "$script"' EXIT
echo "SELECT * FROM hirelog_job_g1.posting WHERE job_id = '$id'::uuid;" >"$script"
tps=$(pgbench -n -M prepared -c 16 -j 2 -T 5 -f "$script" "$HIRELOG_PG" | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
say "  pgbench, prepared SELECT by UUID" "tps=$tps"
check "ratio to pgbench" "$(awk -v a="$(figure rate "$line")" -v b="$tps" 'BEGIN { printf "%.2f", a / b }')" '>=' 0.40
line=$(get "/api/jobs/?page_size=20" 10000)
say "  GET /api/jobs/?page_size=20" "$line"
check "list pages per second" "$(figure rate "$line")" '>=' 2000

echo "Memory and start"
for pair in $HIRELOG_PIDS; do
    case ${pair%%=*} in
    api | worker)
        mib=$(awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/${pair#*=}/status")
        check "RSS MiB of ${pair%%=*}" "$mib" '<=' 64
        kill -TERM "${pair#*=}"
        ;;
    esac
done
for pair in $HIRELOG_PIDS; do
    case ${pair%%=*} in api | worker) while kill -0 "${pair#*=}" 2>/dev/null; do :; done ;; esac
done
start=$(date +%s.%N)
make --no-print-directory -s up >/dev/null
check "s from start to ready (make up)" "$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", b - a }')" '<' 2
exit $missed

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
client_id=$(api "$HIRELOG_URL/api/register/" -d "${credentials%\}},\"display_name\":\"Bench\",\"roles\":[\"client\"]}" | jq -r .id)
token=$(api "$HIRELOG_URL/api/login/" -d "$credentials" | jq -r .token)
body='{"title":"Translate a manual","description":"Forty pages about pumps, from German to English, with a glossary.","skills":["german","english","pumps"],"budget":{"amount":150000,"currency":"EUR"}}'

post() { # CONNECTIONS REQUESTS
    "$load" "$host" "$port" POST /api/jobs/create/ "$1" "$2" 201 "Authorization: Bearer $token" <<<"$body"
}
get() { "$load" "$host" "$port" GET "$1" 16 "$2" 200; }

# Jobs of 40 words of a vocabulary of 3,000, as frequent as words are (the k-th every 1/k).
varied_jobs() {
    awk 'BEGIN {
        srand(4)
        for (k = 1; k <= 3000; k++) { total += 1 / k; sum[k] = total }
        for (n = 0; n < 20000; n++) {
            text = ""
            for (w = 0; w < 40; w++) {
                x = rand() * total; low = 1; high = 3000
                while (low < high) { mid = int((low + high) / 2); if (sum[mid] < x) low = mid + 1; else high = mid }
                text = text " word" low
            }
            printf "{\"title\":\"Job%s\",\"description\":\"%s\",\"skills\":[\"skill%d\",\"skill%d\"],", substr(text, 1, 60), substr(text, 2), int(rand() * 20), 20 + int(rand() * 200)
            printf "\"budget\":{\"amount\":%d,\"currency\":\"EUR\"}}\n", 10000 + int(rand() * 1000000)
        }
    }'
}
view=hirelog_job_g$(psql "$HIRELOG_PG" -Atc 'SELECT generation FROM hirelog_job.control')
# First, as on a fresh stack the searches are then measured with this many jobs; and by the end of it the broker's compiler is done
# with most of what a write needs.
varied=$(psql "$HIRELOG_PG" -Atc "SELECT count(*) FROM $view.posting WHERE title LIKE 'Job word%'")
if ((varied < jobs_wanted)); then
    varied_jobs | "$load" "$host" "$port" POST /api/jobs/create/ 256 $(((jobs_wanted - varied) * 10 / 11 + 1)) 201 \
        "Authorization: Bearer $token" >/dev/null
fi
# What was posted last is projected into the search when a read may see it.
api -D - -o /dev/null "$HIRELOG_URL/api/jobs/create/" -H "Authorization: Bearer $token" -d "$body" >"$HIRELOG_VAR/run/bench.headers"
position=$(tr -d '\r' <"$HIRELOG_VAR/run/bench.headers" | sed -n 's/^Hirelog-Position: //Ip')
api -o /dev/null -H "Hirelog-After: $position" -H 'Prefer: wait=30' "$HIRELOG_URL/api/jobs/?q=manual"
psql "$HIRELOG_PG" -qAtc "VACUUM ANALYZE $view.posting, $view.search"
rows=$(psql "$HIRELOG_PG" -Atc "SELECT count(*) FROM $view.posting")
id=$(psql "$HIRELOG_PG" -Atc "SELECT job_id FROM $view.posting LIMIT 1 OFFSET 5000")

echo "Reads at 16 connections, $rows jobs in the table"
line=$(get "/api/jobs/$id/" 100000)
say "  GET /api/jobs/{id}/" "$line"
script=$(mktemp)
trap 'rm -f "$script"' EXIT
echo "SELECT * FROM $view.posting WHERE job_id = '$id'::uuid;" >"$script"
tps=$(pgbench -n -M prepared -c 16 -j 2 -T 5 -f "$script" "$HIRELOG_PG" | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
say "  pgbench, prepared SELECT by UUID" "tps=$tps"
check "ratio to pgbench" "$(awk -v a="$(figure rate "$line")" -v b="$tps" 'BEGIN { printf "%.2f", a / b }')" '>=' 0.40
line=$(get "/api/jobs/?page_size=20" 10000)
say "  GET /api/jobs/?page_size=20" "$line"
check "list pages per second" "$(figure rate "$line")" '>=' 2000

echo "Search at 1 connection, $rows jobs"
search() { # WHAT PATH ...
    local what=$1
    shift
    line=$(printf '%s\n' "$@" | "$load" "$host" "$port" GET - 1 500 200)
    say "  $what" "$line"
    check "p50 ms" "$(figure p50_ms "$line")" '<=' 5
}
q='/api/jobs/?q'
search "a rare word" "$q=word2500" "$q=word1800" "$q=word2900"
search "a word in 1 of 20 jobs" "$q=word90" "$q=word100" "$q=word110"
search "a word in most jobs" "$q=word1" "$q=word2" "$q=word3"
search "two words" "$q=word10+word300" "$q=word50+word60"
search "skill and budget" "/api/jobs/?skill=skill3&min_budget=500000&currency=EUR" "/api/jobs/?skill=skill120&max_budget=300000&currency=EUR"
search "all together" "$q=word20&skill=skill5&min_budget=100000&max_budget=900000&currency=EUR"

echo "POST /api/jobs/create/ (authenticated, answered after the view is committed)"
post 256 30000 >/dev/null
post 16 10000 >/dev/null
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

# Reads that wait for a write of another service (Hirelog-After): from the read's sending to its answer.
echo "POST a job, then GET /api/clients/{id}/jobs/ with its Hirelog-After (the read alone is timed)"
for row in '1 500' '16 3000'; do
    # shellcheck disable=SC2086
    line=$(HTTP_LOAD_FOLLOW="/api/clients/$client_id/jobs/?page_size=1" post $row)
    say "  ${row%% *} connections" "$line"
done

echo "Memory and start"
for pair in $HIRELOG_PIDS; do
    case ${pair%%=*} in
    api | worker | worker2)
        mib=$(awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/${pair#*=}/status")
        check "RSS MiB of ${pair%%=*}" "$mib" '<=' 64
        kill -TERM "${pair#*=}"
        ;;
    esac
done
for pair in $HIRELOG_PIDS; do
    case ${pair%%=*} in api | worker | worker2) while kill -0 "${pair#*=}" 2>/dev/null; do :; done ;; esac
done
start=$(date +%s.%N)
make --no-print-directory -s up >/dev/null
check "s from start to ready (make up)" "$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", b - a }')" '<' 2
exit $missed

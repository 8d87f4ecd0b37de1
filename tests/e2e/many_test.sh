#!/usr/bin/env bash
# Many connections at once, each waiting for its answer before it asks again: none is forgotten. (libmicrohttpd's own pool hung for a
# minute when all connections of a thread had sent something in one round of 128 events.)
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
hostport=${HIRELOG_URL#http://}
load=$(dirname "$HIRELOG_BIN")/tests/bench/http_load

person ana client
post_job "$ana_token"
many() { # METHOD PATH CONNECTIONS REQUESTS STATUS
    printf '%-5s %-52s %4d connections: ' "$1" "$2" "$3"
    "$load" "${hostport%%:*}" "${hostport##*:}" "$1" "$2" "$3" "$4" "$5" "Authorization: Bearer $ana_token" <<<"${json//$'\n'/ }"
}

it "reads, writes, lists"
for _ in 1 2 3; do
    many GET "/api/jobs/$job_id/" 256 6000 200
    many POST /api/jobs/create/ 256 1000 201
done
many GET "/api/jobs/$job_id/" 512 6000 200
many GET '/api/jobs/?page_size=1' 256 3000 200

it "a list that takes long holds up neither the connection beside it nor the process"
postings=$(view job).posting
exec {lock}> >(psql -qX "$HIRELOG_PG")
echo "BEGIN; LOCK TABLE $postings;" >&"$lock"
locked="SELECT count(*) FROM pg_locks WHERE relation = '$postings'::regclass AND mode = 'AccessExclusiveLock' AND granted"
until_true 10 "the lock" eval '(($(sql "$locked") == 1))'
lists=()
for _ in 1 2 3 4 5 6; do
    curl -sS -o /dev/null -w '%{http_code}\n' -m 30 "$HIRELOG_URL/api/jobs/" >>"$http_work/lists" &
    lists+=($!)
done
waiting="SELECT count(*) FROM pg_stat_activity WHERE usename = 'hirelog_job' AND wait_event_type = 'Lock'"
until_true 10 "lists that wait" eval '(($(sql "$waiting") >= 4))'
for _ in 1 2 3 4 5 6 7 8; do
    [[ $(curl -sS -o /dev/null -w '%{http_code}' -m 3 "$HIRELOG_URL/api/clients/$ana_id/") == 200 ]]
done
echo "ROLLBACK;" >&"$lock"
wait "${lists[@]}"
exec {lock}>&-
[[ $(sort "$http_work/lists" | uniq -c | xargs) == "6 200" ]]

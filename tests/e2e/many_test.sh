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

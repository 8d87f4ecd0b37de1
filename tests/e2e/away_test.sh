#!/usr/bin/env bash
# Kafka or PostgreSQL away: 503 for what cannot be stored, 202 for what may have been, reads while PostgreSQL is there; api and workers come
# back by themselves.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client
post_job "$ana_token"
(umask 077 && echo "Authorization: Bearer $ana_token" >"$http_work/ana")
processes=$(processes)

post() { # KEY - the status of a write
    curl -sS -o "$http_work/answer" -w '%{http_code}' --max-time 40 -X POST -H "@$http_work/ana" -H "Idempotency-Key: $1" \
        -H 'Content-Type: application/json' --data-binary "$json" "$HIRELOG_URL/api/jobs/create/"
}

await_201() { # KEY - the same write again until it is answered in full
    local deadline=$((SECONDS + 60)) status
    until status=$(post "$1") && [[ $status == 201 ]]; do
        ((SECONDS < deadline)) || die "no 201 within 60 s, last $status: $(<"$http_work/answer")"
    done
}

it "without Kafka a write is 503 or, where it may be stored, 202; reads and logins work"
kill_hard kafka
status=$(post away-1)
echo "POST: $status"
[[ $status == 503 || $status == 202 ]] || die "a write without Kafka: $status"
call '' GET "/api/jobs/$job_id/" 200
call '' GET /api/jobs/ 200
call "$ana_token" GET /api/profile/ 200
up
await_201 away-1

it "without PostgreSQL nothing is answered with success or with 404"
kill_hard postgres
call '' GET "/api/jobs/$job_id/" 503
status=$(post away-2)
echo "POST: $status"
[[ $status == 503 || $status == 202 ]] || die "a write without PostgreSQL: $status"
up
await_201 away-2

it "each was stored once, and nobody was restarted"
rows=$(sql "SELECT count(*) FROM $(view job).posting WHERE client_id = '$ana_id'")
[[ $rows == 3 ]] || die "$rows jobs"
[[ $processes == "$(processes)" ]] || die "a process was lost on the way"

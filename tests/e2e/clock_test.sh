#!/usr/bin/env bash
# A worker whose clock is wrong: time in a lane never goes back, a broker that refuses a timestamp is waited for, and /readyz names the clock.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
trap 'workers_stop; up; rm -rf "$http_work"' EXIT # the next test wants the right clock

worker_with_clock() { # MILLISECONDS - the worker anew, with its clock ahead by that, and alone: every lane has its clock
    workers_stop
    HIRELOG_CLOCK_SHIFT_MS=$1 "$http_root/ops/stack.sh" up worker
}

worker_says() { # FILTER - true of the worker's /readyz
    curl -sS --max-time 3 "$HIRELOG_WORKER_ADMIN_URL/readyz" | jq -e "$1"
}

post() { # KEY - the status of a write
    curl -sS -o "$http_work/answer" -w '%{http_code}' --max-time 40 -X POST -H "@$http_work/ana" -H "Idempotency-Key: $1" \
        -H 'Prefer: wait=1' -H 'Content-Type: application/json' --data-binary "$json" "$HIRELOG_URL/api/jobs/create/"
}

stored() { # KEY - its write is answered in full
    [[ $(post "$1") == 201 ]]
}

person ana client
person ben freelancer
(umask 077 && echo "Authorization: Bearer $ana_token" >"$http_work/ana")

it "ten minutes behind: what comes later in a thread is not earlier, and the clock is named"
call "$ana_token" POST /api/messages/create/ 201 "{\"to\": \"$ben_id\", \"body\": \"first\"}"
thread_id=$(got .thread_id) first=$(got .created_at)
worker_with_clock -600000
until_true 30 'an alarm on /readyz' worker_says '.clock.alarm | test("ms behind the database")'
worker_says '.ready' >/dev/null || die 'the alarm alone keeps no worker from work'
call "$ana_token" POST /api/messages/create/ 201 "{\"to\": \"$ben_id\", \"body\": \"second\"}"
second=$(got .created_at)
echo "first $first, second $second"
[[ $second > $first ]] || die 'the second message is before the first'
call "$ana_token" GET "/api/messages/?thread=$thread_id" 200
has '[.results[].body] | join(" ")' 'second first'
call "$ana_token" GET "/api/threads/$thread_id/" 200
has .last_message_at "$second"

it "two hours ahead: the broker refuses the timestamps, so the command waits; it is decided when the clock is right"
worker_with_clock 7200000
status=$(post ahead)
echo "POST: $status"
[[ $status == 202 ]] || die "a write of a worker that the broker refuses: $status $(<"$http_work/answer")"
until_true 60 'the lane says why it waits' worker_says '[.services[].lanes[].reason // "" | test("clock")] | any'
worker_says '.clock.alarm | test("ms before the database")' >/dev/null || die 'no alarm on /readyz'
worker_with_clock 0
until_true 60 'the same write, decided' stored ahead
rows=$(sql "SELECT count(*) FROM $(view job).posting WHERE client_id = '$ana_id'")
[[ $rows == 1 ]] || die "$rows jobs of one key"
[[ $(sql "SELECT count(*) FROM hirelog_job.dead_letter WHERE detail ILIKE '%timestamp%'") == 0 ]] || die 'a dead letter of a clock'

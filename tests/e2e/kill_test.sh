#!/usr/bin/env bash
# kill -9 of each process, `up` again: nothing acknowledged is lost, nothing is there twice.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client

posts() { # FROM TO - one job for each number, each with its number as key; what was acknowledged is in $http_work/ok
    local i
    (umask 077 && echo "Authorization: Bearer $ana_token" >"$http_work/ana")
    for ((i = $1; i <= $2; i++)); do
        if [[ $(curl -sS -o /dev/null -w '%{http_code}' --max-time 40 -X POST -H "@$http_work/ana" -H "Idempotency-Key: $i" \
            -H 'Content-Type: application/json' --data-binary "${json/backwards/number $i}" \
            "$HIRELOG_URL/api/jobs/create/" 2>>"$http_work/curl") == 201 ]]; then
            echo "$i" >>"$http_work/ok"
        fi
    done
}

acknowledged() {
    wc -l <"$http_work/ok"
}

while_posting() { # COMMAND ... - in the middle of a stream of writes
    local first=$1 last=$2 posting before
    shift 2
    before=$(acknowledged)
    posts "$first" "$last" &
    posting=$!
    until (($(acknowledged) > before + 5)); do
        kill -0 "$posting" || die "the writes ended before anything was killed"
    done
    "$@"
    up
    wait "$posting"
}

: >"$http_work/ok"
it "one worker (the other takes over), the api, and all three, in the middle of writes"
while_posting 1 100 kill_hard worker
while_posting 101 200 kill_hard api
all_three() {
    kill_hard worker
    kill_hard worker2
    kill_hard api
}
while_posting 201 300 all_three
it "Kafka and PostgreSQL: api and workers need no restart"
processes=$(processes)
while_posting 301 340 kill_hard postgres
while_posting 341 380 kill_hard kafka
[[ $processes == "$(processes)" ]] || die "a process was lost on the way"
echo "$(acknowledged) of 380 were acknowledged the first time"

it "everything is sent again: all 380 are there, each once"
: >"$http_work/ok"
posts 1 380
[[ $(acknowledged) == 380 ]] || die "only $(acknowledged) were acknowledged the second time"
rows=$(sql "SELECT count(*), count(DISTINCT title) FROM $(view job).posting WHERE client_id = '$ana_id'")
[[ $rows == '380|380' ]] || die "rows: $rows"

it "and the log says the same"
registry_fetch "$http_work/ids"
events=$(events_of "$http_work/ids" hirelog.job.events | grep -c "^JobPosted .*$ana_id")
[[ $events == 380 ]] || die "$events JobPosted events"

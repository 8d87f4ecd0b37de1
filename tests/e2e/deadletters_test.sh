#!/usr/bin/env bash
# A person and what was put aside: the command line, the worker's /metrics and /readyz, and what readers see before and after.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client

hirelog() { # STATUS ARGUMENT ... - what the program says is in $http_work/said; its settings are the file's, not the stack's variables
    local expected=$1 status=0 line
    shift
    line="hirelog $*"
    env -i PATH="$PATH" "$HIRELOG_BIN" "$@" --config "$HIRELOG_CONFIG" >"$http_work/said" 2>&1 || status=$?
    printf '%-78s %s\n' "${line:0:78}" "$status"
    [[ $status == "$expected" ]] || die "hirelog $*: expected $expected, got $status: $(<"$http_work/said")"
}

says() { # TEXT
    [[ $(<"$http_work/said") == *"$1"* ]] || die "not there: $1 in: $(<"$http_work/said")"
}

await_metric() { # NAME VALUE - of service job
    local deadline=$((SECONDS + 30))
    until curl -fsS "$HIRELOG_WORKER_ADMIN_URL/metrics" | grep -qxF "$1{service=\"job\"} $2"; do
        ((SECONDS < deadline)) || die "$1 does not become $2: $(curl -fsS "$HIRELOG_WORKER_ADMIN_URL/metrics" | grep "^$1" || :)"
    done
    printf '%s{service="job"} %s\n' "$1" "$2"
}

ready_says() { # FILTER TEXT - it stays ready
    curl -fsS "$HIRELOG_WORKER_ADMIN_URL/readyz" >"$http_work/body"
    has "$1" "$2"
    has .ready true
}

column() { # N - of the first line under the titles
    sed -n 2p "$http_work/said" | cut -f "$1"
}

forbid() { # TITLE
    sql "ALTER TABLE $(view job).posting ADD CONSTRAINT forbidden CHECK (title <> '$1') NOT VALID"
}

permit() {
    sql "ALTER TABLE $(view job).posting DROP CONSTRAINT forbidden"
}

it "nothing is put aside"
hirelog 0 deadletters list
[[ ! -s $http_work/said ]] || die "$(<"$http_work/said")"
await_metric hirelog_dead_letters 0
await_metric hirelog_parked_aggregates 0
hirelog 0 help
says deadletters

it "a command that the view refuses is a dead letter, and a job once the view takes it"
forbid poison
call "$ana_token" POST /api/jobs/create/ 500 "${json/Read a log backwards/poison}" \
    -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
await_metric hirelog_dead_letters 1
ready_says '.services[] | select(.service == "job") | .dead_letters' 1
hirelog 0 deadletters list --services job
name=$(column 2)
[[ $(column 1) == poison ]] || die "$(<"$http_work/said")"
hirelog 0 deadletters show "$name"
jq -e '.record.type == "PostJob" and .record.value.title == "poison" and (.record.headers.traceparent | contains("0af7651916cd43dd8448eb211c80319c"))' \
    "$http_work/said"
hirelog 77 deadletters retry "$name"
says 'refused again (internal)'
permit
hirelog 0 deadletters list
name=$(column 2)
hirelog 0 deadletters retry "$name"
says 'applied as job.commands/'
hirelog 73 deadletters retry "$name"
says 'was retried by'
await_metric hirelog_dead_letters 0
call '' GET "/api/jobs/?client_id=$ana_id&page_size=5" 200
has '[.results[] | select(.title == "poison")] | length' 1

it "an event that the view refuses after it was written is parked; reads say so, writes go on"
workers_stop
HIRELOG_CRASH_AT=after_kafka_commit "$http_root/ops/stack.sh" up worker # alone: another one would repair at once what it left
call "$ana_token" POST /api/jobs/create/ 202 "${json/Read a log backwards/parked}" -H 'Prefer: wait=1'
command=$(header Location)
forbid parked
up
job_id=$(basename "$command")
await_metric hirelog_parked_aggregates 1
ready_says '.services[] | select(.service == "job") | .parked_aggregates' 1
call '' GET "/api/jobs/$job_id/" 409
refused parked
call "$ana_token" PATCH "/api/jobs/$job_id/" 202 '{"title": "edited meanwhile"}'
call "$ana_token" POST /api/jobs/create/ 201 "$json"
hirelog 0 deadletters list
[[ $(column 1),$(column 2),$(column 4) == "parked,job/events/$job_id,JobPosted" ]] || die "$(<"$http_work/said")"
hirelog 77 deadletters retry "job/events/$job_id"
says 'wait, the first, '
call '' GET "/api/jobs/$job_id/" 409

it "when the view takes it, it is read like any other"
permit
hirelog 0 deadletters retry "job/events/$job_id"
says 'none waits any more'
call '' GET "/api/jobs/$job_id/" 200
has .title 'edited meanwhile'
await_metric hirelog_parked_aggregates 0
hirelog 0 deadletters list
[[ ! -s $http_work/said ]] || die "$(<"$http_work/said")"

it "mistakes are named"
hirelog 78 deadletters retry job.commands/x
says 'no partition:offset behind the slash'
hirelog 69 deadletters show job.commands/0:999999
hirelog 64 config print --reason nobody

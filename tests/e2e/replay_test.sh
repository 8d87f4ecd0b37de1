#!/usr/bin/env bash
# Views are made anew and swapped while people write and read: every write is acknowledged and there, no read fails or misses.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client
person ben freelancer

replay() { # STATUS ARGUMENT ... - what it prints is in $http_work/said
    local expected=$1 status=0
    shift
    env -i PATH="$PATH" "$HIRELOG_BIN" replay "$@" --config "$HIRELOG_CONFIG" >"$http_work/said" 2>&1 || status=$?
    printf 'hirelog replay %-63s %s\n' "$*" "$status"
    [[ $status == "$expected" ]] || die "replay $*: expected $expected, got $status: $(<"$http_work/said")"
}
says() { # TEXT
    grep -qF -- "$1" "$http_work/said" || die "no \"$1\" in: $(<"$http_work/said")"
}
ask() { # ANSWER METHOD PATH [CURL-ARGUMENT ...] - prints the status; ANSWER is a file
    curl -sS -o "$1" -w '%{http_code}' --max-time 40 -H "@$http_work/ana" -X "$2" "${@:4}" "$HIRELOG_URL$3" 2>&1
}

# Two loops that end when $http_work/enough is there. What went wrong is in $http_work/wrong.
writes() {
    local i status id answer=$http_work/written
    for ((i = 1; ; i++)); do
        [[ ! -e $http_work/enough ]] || break
        status=$(ask "$answer" POST /api/jobs/create/ -H "Idempotency-Key: $i" -H 'Content-Type: application/json' \
            --data-binary "${json/backwards/number $i}")
        [[ $status == 201 ]] || echo "write $i: $status $(<"$answer")" >>"$http_work/wrong"
        id=$(jq -r .id "$answer")
        echo "$id" >>"$http_work/acknowledged"
        status=$(ask "$answer" PATCH "/api/jobs/$id/" -H 'Content-Type: application/json' --data-binary '{"title": "Edited at once"}')
        [[ $status == 200 ]] || echo "edit $i: $status $(<"$answer")" >>"$http_work/wrong"
    done
}
reads() {
    local path status answer=$http_work/got
    until [[ -e $http_work/enough ]]; do
        for path in "/api/jobs/$(tail -n 1 "$http_work/acknowledged")/" /api/profile/ "/api/clients/$ana_id/" "/api/jobs/$job_id/" \
            "/api/jobs/?q=backwards"; do
            status=$(ask "$answer" GET "$path")
            [[ $status == 200 ]] || echo "GET $path: $status $(<"$answer")" >>"$http_work/wrong"
            echo "$path" >>"$http_work/read"
        done
    done
}

post_job "$ana_token"
echo "$job_id" >"$http_work/acknowledged"
(umask 077 && echo "Authorization: Bearer $ana_token" >"$http_work/ana")
: >"$http_work/wrong"
writes &
pids=($!)
reads &
pids+=($!)

it "each service whose rows are read and written, one after the other, and one projection alone"
for target in user job client job/from_job; do
    replay 0 "$target"
    says "is live"
    says "the views are the same"
done
it "the way back, and there again"
replay 0 job --rollback
replay 0 job --rollback
it "killed in the middle, then once more"
env -i HIRELOG_CRASH_AT=replay_in_swap "$HIRELOG_BIN" replay job --config "$HIRELOG_CONFIG" >"$http_work/said" 2>&1 &&
    die "it was to be killed"
replay 0 job
touch "$http_work/enough"
wait "${pids[@]}"
[[ ! -s $http_work/wrong ]] || die "$(head -n 20 "$http_work/wrong")"
written=$(sort -u "$http_work/acknowledged" | wc -l)
echo "$written writes and $(wc -l <"$http_work/read") reads went on"
((written > 20)) || die "hardly anything was written meanwhile"

it "every acknowledged write is there, once"
rows=$(sql "SELECT count(*), count(*) FILTER (WHERE title = 'Edited at once') FROM $(view job).posting WHERE client_id = '$ana_id'")
[[ $rows == "$written|$((written - 1))" ]] || die "rows: $rows of $written"
replay 0 --all --dry-run
says "payment: the views are the same"

it "the past, beside it"
replay 0 job --until 2020-01-01T00:00:00Z
says "hirelog_job_audit"
[[ $(sql 'SELECT count(*) FROM hirelog_job_audit.posting') == 0 ]] || die "jobs before anything was written"

it "a bar on a terminal that is wide enough, drawn over, and lines elsewhere"
on_terminal() { # COLUMNS
    script -qec "stty cols $1 && exec env -i TERM=xterm '$HIRELOG_BIN' replay job --dry-run --config '$HIRELOG_CONFIG'" /dev/null \
        >"$http_work/said" 2>&1 </dev/null || die "on a terminal: $(<"$http_work/said")"
}
on_terminal 120
says $'\rjob [####'
on_terminal 40
says $'\rjob 100.0 %'
grep -qF '[####' "$http_work/said" && die "a bar in 40 columns: $(<"$http_work/said")"
replay 0 job --dry-run
grep -q $'\r' "$http_work/said" && die "drawn over, on no terminal"

it "what makes no sense"
replay 78 nothing
replay 78 job --what
replay 78 job/queries
says "job has no projection queries"
replay 78 job/
it "a dry run that would have swapped"
live=$(view job)
for contradiction in "job --rollback --dry-run" "job --rollback --unchecked" "job/events --rollback" "job --until 3 --dry-run" \
    "job/events --until 3" "job --dry-run --unchecked"; do
    # shellcheck disable=SC2086
    replay 78 $contradiction
done
[[ $(view job) == "$live" ]] || die "another generation is live"
it "an audit of a log that the service does not read"
replay 78 job --until payment/0:4
says "job does not read payment/0"
replay 78 job --until job/3:4
replay 78

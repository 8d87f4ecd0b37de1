#!/usr/bin/env bash
# A second version of an event: old and new programs at once, in the order of an upgrade and against it; what is read waits, what is
# written goes on, and a log with both versions makes the same rows again.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
source "$(dirname "$0")/evolved_build.sh"
work=$HIRELOG_VAR/evolution
declare -A pids=()
mkdir -p "$work"
stop_all() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
}
trap 'stop_all; rm -rf "$http_work"' EXIT
admin=${HIRELOG_PG/dbname=hirelog/dbname=evolution} brokers=$HIRELOG_BROKERS
psql -Xq "$HIRELOG_PG" -c 'CREATE DATABASE evolution'
unset HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_PIDS HIRELOG_CONFIG HIRELOG_PG HIRELOG_BROKERS
sed -e 's/dbname=hirelog/dbname=evolution/' -e 's/^\(.*_port\) = .*/\1 = 0/' "$HIRELOG_VAR/hirelog.conf" >"$work/hirelog.conf"
echo 'topic_prefix = evolution' >>"$work/hirelog.conf"

old=$HIRELOG_BIN
it "a program in which JobPosted has a version 2"
evolved_build >"$work/build.log" 2>&1 || die "$(<"$work/build.log")"
new=$evolved_bin
v1=$("$new" schemas | awk '$2 == "hirelog.job.JobPosted" && $3 == 1 {print $1}')
v2=$("$new" schemas | awk '$2 == "hirelog.job.JobPosted" && $3 == 2 {print $1}')
echo "JobPosted: $v1, then $v2"
"$old" topics create --config "$work/hirelog.conf"
"$old" migrate --config "$work/hirelog.conf"

start() { # NAME PROGRAM ARGUMENT ...
    local name=$1 program=$2
    shift 2
    "$program" "$@" --config "$work/hirelog.conf" >"$work/$name.log" 2>&1 &
    pids[$name]=$!
}
end() { # NAME
    kill "${pids[$1]}"
    wait "${pids[$1]}" || die "$1 did not drain: $(tail -n 5 "$work/$1.log")"
    unset "pids[$1]"
}
soon() { # WHAT COMMAND ... - becomes true within 60 s
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || die "$what: not within 60 s; $(tail -qn 3 "$work"/*.log)"
    done
    echo "$what"
}
port_of() { # NAME FIELD - that its log tells
    sed -n "s/.* $2=\([0-9]*\).*/\1/p" "$work/$1.log" | head -n 1
}
url_of() { # NAME
    soon "$1 listens" eval '[[ -n $(port_of '"$1"' port) ]]' >&2
    echo "http://127.0.0.1:$(port_of "$1" port)"
}
says() { # NAME FILTER - of a worker's readiness
    local port
    port=$(port_of "$1" admin_port)
    [[ -n $port ]] && curl -sS --max-time 5 "http://127.0.0.1:$port/readyz" | jq -e "$2" >/dev/null
}
sql() {
    psql -XAtq -v ON_ERROR_STOP=1 "$admin" -c "$1"
}
ids_written() { # - of every event of the job service
    HIRELOG_BROKERS=$brokers record_ids evolution.job.events
}
was_written() { # ID
    [[ -n $(ids_written | sed -n "/^$1\$/p") ]]
}
posts_until() { # ID - post jobs until one is written with that schema, which not every partition's lane does; sets its position
    local deadline=$((SECONDS + 60))
    until post_job "$ana_token" >/dev/null; position=$(header Hirelog-Position); posted=$((posted + 1)); was_written "$1"; do
        ((SECONDS < deadline)) || die "nothing is written as $1"
    done
    echo "$posted jobs were posted"
}
rows() { # what the job service and its projections keep
    local table
    for table in job.posting job.search client.posting; do
        sql "SELECT '$table', to_jsonb(t) FROM $(view "${table%.*}").${table#*.} t ORDER BY to_jsonb(t)::text"
    done
}

it "the old ones alone"
posted=0
start old_worker "$old" worker
start old_api "$old" api
HIRELOG_URL=$(url_of old_api)
await '' /api/jobs/ '.results | length' 0
person ana client
posts_until "$v1"
seen_by '' "/api/clients/$ana_id/" .jobs_posted "$posted"
! was_written "$v2" || die "an old program writes a new version"

it "half an upgrade: a new worker for job beside the old one, both write, everything is answered"
start new_job_worker "$new" worker --services job
soon "the new worker has lanes" says new_job_worker '[.services[].lanes[]] | length > 0'
posts_until "$v2"
call '' GET "/api/jobs/$job_id/" 200
soon "the old worker says that a newer program writes" says old_worker \
    '.ready == false and ([.followers[].reason? // empty | select(test("written by a newer program"))] | length > 0)'
call '' GET "/api/clients/$ana_id/" 503 '' -H "Hirelog-After: $position" -H 'Prefer: wait=1'
[[ $(sql "SELECT count(*) FROM $(view client).parked") == 0 ]] || die "parked, not waited for"

it "the workers are upgraded: what waited goes on"
start new_worker "$new" worker
end old_worker
end new_job_worker
soon "the new worker is ready" says new_worker .ready
call '' GET "/api/clients/$ana_id/" 200 '' -H "Hirelog-After: $position" -H 'Prefer: wait=30'
has .jobs_posted "$posted"
post_job "$ana_token"
seen_by '' "/api/clients/$ana_id/" .jobs_posted $((posted = posted + 1))
ids_written | sort | uniq -c

it "outside readers need the api's upgrade, too"
call '' GET "/schemas/ids/$v2" 404
end old_api
start new_api "$new" api
HIRELOG_URL=$(url_of new_api)
await '' "/api/jobs/$job_id/" .id "$job_id"
call '' GET "/schemas/ids/$v2" 200
"$http_root/build/confluent/bin/python" "$http_root/tests/e2e/confluent_reader.py" "$brokers" "$HIRELOG_URL" evolution.job.events

it "an old worker that must read the log again waits, too; a new one makes the same rows"
rows >"$work/before"
end new_worker
"$old" repair rebuild --services job,client --config "$work/hirelog.conf"
start old_again "$old" worker
soon "its lanes wait" says old_again '.ready == false and
    ([.services[].lanes[].reason? // empty | select(test("written by a newer program"))] | length > 0)'
end old_again
start new_again "$new" worker
soon "the new worker is ready" says new_again .ready
post_job "$ana_token"
seen_by '' "/api/clients/$ana_id/" .jobs_posted $((posted + 1))
rows | grep -v "$job_id" | diff "$work/before" - || die "the rows differ"
echo "$(wc -l <"$work/before") rows are the same"

it "a replay reads both versions, compares and swaps, beside the worker; the old program's leaves the view alone"
"$new" replay job --config "$work/hirelog.conf" | tail -n 2
rows | grep -v "$job_id" | diff "$work/before" - || die "the rows differ after the replay"
! "$old" replay job --config "$work/hirelog.conf" >"$work/said" 2>&1 || die "the old program replayed what it cannot read"
grep -F 'written by a newer program' "$work/said" | head -n 1 || die "it does not say why: $(<"$work/said")"
post_job "$ana_token"

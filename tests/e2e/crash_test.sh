#!/usr/bin/env bash
# PostgreSQL crashes and loses the last commits of the view, which do not wait for the disk. What was acknowledged is in Kafka; until a
# worker has brought the rows back, nobody says "not found" or "wrong password" of it.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/../faults/standby.sh"
tidy_up() {
    local status=$?
    workers_go || :
    [[ -z ${writer:-} ]] || kill -CONT "$writer" 2>/dev/null || :
    faults_end
    exit "$status"
}
trap tidy_up EXIT
workers_freeze() { # both, so that nobody takes over
    kill -STOP "$(pid_of worker)" "$(pid_of worker2)"
}
workers_go() {
    kill -CONT "$(pid_of worker)" "$(pid_of worker2)"
}
workers_are_ready() {
    curl -fsS -o /dev/null --max-time 5 "$HIRELOG_WORKER_ADMIN_URL/readyz" &&
        curl -fsS -o /dev/null --max-time 5 "$HIRELOG_WORKER2_ADMIN_URL/readyz"
}
person ana client
person ben freelancer
post_job "$ana_token"
first=$job_id
apply_for "$ben_token" "$job_id"
seen_by "$ben_token" "/api/freelancers/$ben_id/applications/" '.results[0].status' submitted

acknowledge() { # what the crash is to lose: an account, a job, a withdrawal
    writer=$(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'") # it writes what nobody waits for
    kill -STOP "$writer"
    dan_email=dan.$RANDOM.$EPOCHREALTIME@example.org
    call '' POST /api/register/ 201 "{\"email\": \"$dan_email\", \"password\": \"correct horse of dan\", \"display_name\": \"Dan\", \"roles\": [\"client\"]}"
    post_job "$ana_token"
    call "$ben_token" POST "/api/applications/$application_id/withdraw/" 200 '' -H "Idempotency-Key: withdraw.$round"
    withdrawn=$(header Hirelog-Position)
}

crash() { # of PostgreSQL, before a worker can do anything about it
    workers_freeze
    cluster_kill "$(cluster_of "$(pid_of postgres)")"
    "$http_root/ops/stack.sh" up postgres
    load_env
}

lost() {
    [[ $(sql "SELECT count(*) FROM $(view job).posting WHERE job_id = '$job_id'") == 0 ]]
}

api_sees_the_view() {
    curl -fsS --max-time 5 "$HIRELOG_ADMIN_URL/readyz" >"$http_work/readyz"
}

login='{"email": "%s", "password": "correct horse of dan"}'
for ((round = 1; ; round++)); do
    it "round $round: the workers are frozen, PostgreSQL is killed and starts again"
    acknowledge
    crash
    until_true 30 "an api that sees the view again" api_sees_the_view
    ! lost || break
    ((round < 5)) || die "no crash has lost anything"
    workers_go
    until_true 60 "workers that are ready" workers_are_ready
    becomes 201 "$ben_token" POST "/api/jobs/$job_id/applications/" "$application"
    application_id=$(got .id)
done

it "the rows are gone, and nobody says so of what was acknowledged"
call '' GET "/api/jobs/$job_id/" 503
call '' GET "/api/jobs/$nobody/" 503
call '' GET "/api/clients/$nobody/" 503
call '' GET "/api/jobs/?client_id=$nobody" 503
# shellcheck disable=SC2059
call '' POST /api/login/ 503 "$(printf "$login" "$dan_email")"
call "$ana_token" GET /api/profile/ 503
call "$ben_token" POST "/api/applications/$application_id/withdraw/" 503 '' -H "Idempotency-Key: withdraw.$round"
"$HIRELOG_BIN" account list --without-credential --config "$HIRELOG_CONFIG" && die "a list of accounts that are not there" || [[ $? == 75 ]] || die "exit code"

[[ $(jq -c '.caught_up | [.user, .job]' "$http_work/readyz") == '[false,false]' ]] || die "readyz: $(<"$http_work/readyz")"

it "what is there is shown"
call '' GET "/api/jobs/$first/" 200

it "the workers go on, and all is right again"
workers_go
becomes 200 '' GET "/api/jobs/$job_id/"
# shellcheck disable=SC2059
becomes 200 '' POST /api/login/ "$(printf "$login" "$dan_email")"
becomes 200 "$ben_token" POST "/api/applications/$application_id/withdraw/" '' -H "Idempotency-Key: withdraw.$round"
[[ $(header Hirelog-Position) == "$withdrawn" ]] || die "withdrawn at $(header Hirelog-Position), before at $withdrawn"
becomes 404 '' GET "/api/jobs/$nobody/"
becomes 404 '' GET "/api/clients/$nobody/"

it "a clean restart loses nothing, and what is not there does not exist, with no worker at all"
workers_stop
"$http_root/ops/stack.sh" stop postgres
"$http_root/ops/stack.sh" up postgres
load_env
becomes 404 '' GET "/api/jobs/$nobody/"
becomes 404 '' GET "/api/clients/$nobody/"
up

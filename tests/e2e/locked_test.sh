#!/usr/bin/env bash
# What is held up in PostgreSQL (a locked table, a commit that waits for a standby) delays those who need it and nobody else: no thread of
# the HTTP server asks PostgreSQL.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
stuck=() lock=

begin_lock() { # TABLE
    exec {lock}> >(psql -qX "$HIRELOG_PG")
    echo "BEGIN; LOCK TABLE $1 IN ACCESS EXCLUSIVE MODE;" >&"$lock"
    until_true 20 "the lock of $1" eval \
        '(($(sql "SELECT count(*) FROM pg_locks WHERE relation = '"'$1'"'::regclass AND mode = '"'AccessExclusiveLock'"' AND granted") == 1))'
}

end_lock() {
    echo "ROLLBACK;" >&"$lock"
    exec {lock}>&-
    wait "${stuck[@]}"
    stuck=()
}

# Answered by and by; its status goes to the file `statuses`.
start() { # TOKEN METHOD PATH [BODY [CURL-ARGUMENT ...]]
    local token=$1 method=$2 path=$3 body=${4:-} args=(-sS -o /dev/null -w '%{http_code}\n' -X "$2" -m 60)
    [[ -z $token ]] || args+=(-H "Authorization: Bearer $token")
    [[ -z $body ]] || args+=(-H 'Content-Type: application/json' --data-binary "$body")
    curl "${args[@]}" "${@:5}" "$HIRELOG_URL$path" >>"$http_work/statuses" &
    stuck+=($!)
    printf '%-5s %-72s ...\n' "$method" "${path:0:72}"
}

held_up() { # N - so many statements of hirelog wait for the lock
    until_true 20 "$1 statements that wait" eval \
        '(($(sql "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE '"'hirelog\\_%'"' AND wait_event_type = '"'Lock'"'") >= '"$1"'))'
}

# A quarter of 25 answers in less than 20 ms each, none takes 2 s: a thread that waits for PostgreSQL makes most of them, and the first ones
# surely, wait with it; a busy machine delays some.
quick() {
    local urls=()
    for _ in {1..25}; do
        urls+=(-o /dev/null "$HIRELOG_URL/openapi.json")
    done
    for _ in 1 2; do # two connections, so both threads, most likely
        curl -sS -m 30 -w '%{time_total}\n' "${urls[@]}" >"$http_work/times"
        sort -n "$http_work/times" | LC_ALL=C awk '{ t[NR] = $1 } END {
            printf "GET   /openapi.json: a quarter in %.1f ms, all in %.1f ms\n", t[int(NR / 4)] * 1000, t[NR] * 1000
            exit !(NR == 25 && t[int(NR / 4)] < 0.020 && t[NR] < 2) }' || die "openapi.json waits for PostgreSQL: $(xargs <"$http_work/times")"
    done
}

statuses() { # TEXT - the answers of those that were started
    local got
    got=$(sort "$http_work/statuses" | uniq -c | xargs)
    [[ $got == "$1" ]] || die "expected $1, got $got"
    : >"$http_work/statuses"
}

login() { # sets token: nobody has seen the session yet
    call '' POST /api/login/ 200 "$credentials"
    token=$(got .token)
}

person ana client
person ben freelancer
credentials=$(jq -cn --arg e "$ana_email" '{email: $e, password: "correct horse of ana"}')
applications=()
for _ in 1 2 3 4; do
    post_job "$ana_token"
    apply_for "$ben_token" "$job_id"
    applications+=("$application_id")
done
job=$(view job)
: >"$http_work/statuses"

it "look-ups of keys, and reads of an item: its table is locked"
begin_lock "$job.application"
for application_id in "${applications[@]}"; do
    start "$ben_token" POST "/api/applications/$application_id/withdraw/" '{}'
    start "$ben_token" GET "/api/applications/$application_id/"
done
held_up 1
quick
call '' GET "/api/jobs/$job_id/" 200
call '' GET "/api/jobs/?client_id=$ana_id" 200
login
call "$token" GET /api/profile/ 200
call "$ana_token" POST /api/jobs/create/ 201 "$json"
end_lock
statuses "8 200"

it "sessions"
login
begin_lock hirelog_user_vault.session
start "$token" GET /api/profile/
start "$token" GET "/api/clients/$ana_id/jobs/"
start "$token" POST /api/logout/
held_up 1
quick
call '' GET "/api/jobs/$job_id/" 200
end_lock
[[ $(sort -u "$http_work/statuses" | xargs) =~ ^(200 )?(204|204 401)$ ]] || die "answers: $(xargs <"$http_work/statuses")"
: >"$http_work/statuses"

it "credentials: logins, registrations, changes of a password"
begin_lock hirelog_user_vault.credential
start '' POST /api/login/ "$credentials"
start '' POST /api/login/ "$credentials"
start '' POST /api/register/ "$(jq -cn --arg e "eve.$$.$EPOCHSECONDS@example.org" \
    '{email: $e, password: "correct horse of eve", display_name: "Eve", roles: ["client"]}')" -H 'Idempotency-Key: eve'
start "$ana_token" POST /api/profile/password/ '{"old_password": "not this one", "new_password": "another horse"}'
held_up 2
quick
call "$ana_token" GET /api/profile/ 200
end_lock
statuses "2 200 1 201 1 401"

it "what became of a command"
call "$ana_token" POST /api/jobs/create/ 202 "$json" -H 'Prefer: respond-async'
path=$(header Location)
begin_lock "$job.outcome"
for _ in 1 2 3; do
    start "$ana_token" GET "/api/${path#*/api/}"
done
held_up 1
quick
call '' GET "/api/jobs/$job_id/" 200
call '' GET "/api/jobs/?client_id=$ana_id" 200
end_lock
statuses "3 200"

it "the note before a 202"
begin_lock hirelog_job.pending_command
for _ in 1 2 3; do
    start "$ana_token" POST /api/jobs/create/ "$json" -H 'Prefer: respond-async'
done
held_up 1
quick
call "$ana_token" POST /api/jobs/create/ 201 "$json"
end_lock
statuses "3 202"

it "lists"
begin_lock "$job.contract"
for _ in 1 2 3 4 5 6; do
    start "$ana_token" GET /api/contracts/
done
held_up 4
quick
call '' GET "/api/jobs/?client_id=$ana_id" 200
call '' GET "/api/jobs/?q=log" 200
call "$ben_token" GET /api/threads/ 200
end_lock
statuses "6 200"

it "a standby that never answers: the note before a 202 does not wait for it"
sql "ALTER SYSTEM SET synchronous_standby_names = 'nobody'" && sql "SELECT pg_reload_conf()" >/dev/null
standby_again() {
    psql -Xq "$HIRELOG_PG" -c 'ALTER SYSTEM RESET synchronous_standby_names' -c 'SELECT pg_reload_conf()' >/dev/null
}
trap 'standby_again; rm -rf "$http_work"' EXIT
until_true 10 "the setting" eval '[[ $(sql "SHOW synchronous_standby_names") == nobody ]]'
for _ in 1 2 3; do
    start "$ana_token" POST /api/jobs/create/ "$json" -H 'Prefer: respond-async' -m 3
done
quick
wait "${stuck[@]}"
stuck=()
statuses "3 202"
standby_again
until_true 10 "the setting" eval '[[ -z $(sql "SHOW synchronous_standby_names") ]]'

# standby.sh - sourced by *_test.sh here: PostgreSQL's processes by their pids, and a standby of the stack's PostgreSQL.
#
#     api_and_worker_up        both, with their own settings file: pg names primary and standby, target_session_attrs=read-write
#     standby_up               a copy that streams from the primary and can be promoted
#     sender_freeze, sender_go the primary sends nothing: the standby lags from here on, and confirms nothing
#     primary_kill             kill -9 of all its processes
#     standby_promote
#
# shellcheck shell=bash disable=SC1091,SC2154
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/spec.sh"
faults_pids=()
postgres_bin=/usr/lib/postgresql/15/bin

faults_end() { # what was started here ends; the stack is stopped by ops/test.sh
    ((${#faults_pids[@]} == 0)) || kill -CONT "${faults_pids[@]}" 2>/dev/null || :
    ((${#faults_pids[@]} == 0)) || kill "${faults_pids[@]}" 2>/dev/null || :
    [[ -z ${standby_data:-} ]] || standby_stop
    rm -rf "$http_work"
}
trap faults_end EXIT

load_env() {
    source "$HIRELOG_VAR/run/stack.env"
    HIRELOG_PG="$HIRELOG_PG connect_timeout=3"
}

# ---- processes of a cluster: known by the directory they work in

cluster_of() { # PID - its data directory
    readlink "/proc/$1/cwd"
}

cluster_pids() { # DIRECTORY
    { find /proc -maxdepth 2 -path '/proc/[0-9]*/cwd' -lname "$1" 2>/dev/null || :; } | cut -d / -f 3 # some end meanwhile
}

cluster_kill() { # DIRECTORY - at once and all: none gets to write what it still holds
    local postmaster children
    postmaster=$(head -n 1 "$1/postmaster.pid")
    kill -STOP "$postmaster"
    children=$(pgrep -P "$postmaster")
    # shellcheck disable=SC2086
    kill -KILL "$postmaster" $children 2>/dev/null || :
    until_true 20 "no process of $1" cluster_gone "$1"
}

cluster_gone() {
    [[ -z $(cluster_pids "$1") ]]
}

# ---- a standby

as_owner() { # COMMAND ... - as the user that the primary runs as
    local owner
    owner=$(stat -c %U "$primary_data")
    if ((EUID == 0)); then
        setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups --inh-caps=-all -- "$@"
    else
        "$@"
    fi
}

port_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

standby_up() {
    local words
    primary_data=$(cluster_of "$(pid_of postgres)")
    standby_data=${primary_data%/*}/standby
    standby_port=$((30000 + RANDOM % 2000))
    until port_free "$standby_port"; do standby_port=$((standby_port + 1)); done
    words=$(<"$HIRELOG_VAR/secret/postgres")
    (cd / && as_owner env -i PATH=/usr/bin:/bin PGPASSWORD="$words" $postgres_bin/pg_basebackup -D "$standby_data" -R -X stream \
        --checkpoint=fast -d "host=127.0.0.1 port=$(primary_port) user=hirelog application_name=standby")
    (cd / && as_owner env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TZ=UTC setsid $postgres_bin/postgres -D "$standby_data" \
        -c listen_addresses=127.0.0.1 -c "port=$standby_port" -c unix_socket_directories= -c max_connections=250 \
        </dev/null >>"$HIRELOG_VAR/log/standby.log" 2>&1 &)
    standby_pg=${HIRELOG_PG/port=$(primary_port)/port=$standby_port}
    until_true 30 "a standby that streams" standby_streams
}

primary_port() {
    sed -n 's/^postgres_port=//p' "$HIRELOG_VAR/run/ports"
}

standby_streams() {
    [[ $(sql "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1 ]]
}

standby_caught_up() { # it has what the primary has now
    [[ $(sql "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= '$1'") == 1 ]]
}

sender_freeze() {
    sender_pid=$(sql 'SELECT pid FROM pg_stat_replication')
    kill -STOP "$sender_pid"
}

sender_go() {
    kill -CONT "$sender_pid"
}

primary_kill() {
    echo "kill -9 all of the primary"
    cluster_kill "$primary_data"
}

standby_promote() {
    psql -XAtq "$standby_pg" -c 'SELECT pg_promote()' >/dev/null
    HIRELOG_PG=$standby_pg
    echo "the standby is promoted"
}

standby_stop() {
    local pids
    pids=$(cluster_pids "$standby_data")
    # shellcheck disable=SC2086
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null || :
}

# ---- api and worker

# The worker that they replace is none of the stack's: `pg` has two hosts.
api_and_worker_up() {
    local both="host=127.0.0.1,127.0.0.1 port=$(primary_port),$standby_port dbname=hirelog passfile=$HIRELOG_VAR/secret/pgpass"
    both+=" target_session_attrs=read-write"
    sed -e "s|^pg = .*|pg = $both|" -e "s|^pg_admin = .*|pg_admin = $both user=hirelog|" -e 's/^\(.*_port\) = .*/\1 = 0/' \
        -e '$ a transaction_timeout_ms = 6000' \
        "$HIRELOG_VAR/hirelog.conf" >"$HIRELOG_VAR/both.conf"
    hirelog topics create
    hirelog migrate
    spawn worker
    spawn api
    worker_pid=${faults_pids[0]}
    until_true 60 "an api that serves" grep -q 'msg="serving"' "$HIRELOG_VAR/log/api.log"
    until_true 60 "a worker that has started" grep -q 'msg="worker started"' "$HIRELOG_VAR/log/worker.log"
    HIRELOG_URL=http://127.0.0.1:$(sed -n 's/.*msg="serving".* port=\([0-9]*\).*/\1/p' "$HIRELOG_VAR/log/api.log")
    worker_admin=http://127.0.0.1:$(sed -n 's/.*msg="worker started".* admin_port=\([0-9]*\).*/\1/p' "$HIRELOG_VAR/log/worker.log")
    until_true 60 "a worker that is ready" worker_is_ready
}

hirelog() {
    "$HIRELOG_BIN" "$@" --config "$HIRELOG_VAR/both.conf"
}

spawn() { # api|worker
    "$HIRELOG_BIN" "$1" --config "$HIRELOG_VAR/both.conf" >"$HIRELOG_VAR/log/$1.log" 2>&1 &
    faults_pids+=($!)
}

worker_is_ready() {
    curl -fsS -o /dev/null --max-time 5 "$worker_admin/readyz"
}

# ---- answers that may come while nobody knows yet

status_of() { # TOKEN METHOD PATH [BODY [CURL-ARGUMENT ...]] - prints the status; the answer is in $http_work/body
    local args=(-sS -o "$http_work/body" -D "$http_work/headers" -w '%{http_code}' -X "$2" --max-time 40)
    (umask 077 && echo "Authorization: Bearer $1" >"$http_work/token")
    [[ -z $1 ]] || args+=(-H "@$http_work/token")
    [[ -z ${4:-} ]] || args+=(-H 'Content-Type: application/json' --data-binary "$4")
    curl "${args[@]}" "${@:5}" "$HIRELOG_URL$3"
}

becomes() { # STATUS TOKEN METHOD PATH [BODY [CURL-ARGUMENT ...]] - 503 and 202 until then, nothing else
    local deadline=$((SECONDS + 60)) status
    until status=$(status_of "${@:2}") && [[ $status == "$1" ]]; do
        [[ $status == 503 || $status == 202 ]] || die "$3 $4: $status instead of 503 or $1: $(<"$http_work/body")"
        ((SECONDS < deadline)) || die "$3 $4: still $status"
    done
    printf '%-5s %-72s becomes %s\n' "$3" "${4:0:72}" "$1"
}

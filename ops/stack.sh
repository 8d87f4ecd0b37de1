#!/usr/bin/env bash
# stack.sh up [component ...] | stop [component ...] | status | reset - the stack of development and of the tests:
# kafka, postgres, api, worker, and worker2 when it is asked for. Everything it starts lives under one directory and is known by pid file:
#
#   HIRELOG_VAR         the directory (var/); another one is another stack
#   HIRELOG_PARTITIONS  of every topic (1); kept from the first `up` until `reset`, another number is refused
#   HIRELOG_WORKERS     1 or 2 worker processes, which share the lanes (1); kept until another number is asked for
#   HIRELOG_PORTS       "fixed": 9092, 5432, 8080-8083 or the next free ones; "free": any (for throw-away stacks)
#   HIRELOG_BIN         the binary (build/hirelog)
#   HIRELOG_REGISTRY    "apicurio": also a schema registry, whose ids are then used (ops/deps.sh registry); else the binary's
#
# The functions of a component are named <component>_start and <component>_ready; the rest is common to all.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
var=$(realpath -m "${HIRELOG_VAR:-$root/var}")
run=$var/run log=$var/log secret=$var/secret
bin=$(realpath -m "${HIRELOG_BIN:-$root/build/hirelog}")
libs=$root/build/kafka-libs
components=(kafka postgres api worker worker2) # in the order of starting
[[ -z ${HIRELOG_REGISTRY:-} ]] || components=(kafka postgres registry api worker worker2)
ready_seconds=60
# What a caller may have sourced from stack.env is for scripts: to the binary HIRELOG_<KEY> would be a setting.
unset HIRELOG_URL HIRELOG_ADMIN_URL HIRELOG_BROKERS HIRELOG_REGISTRY_URL HIRELOG_PG HIRELOG_PIDS

die() {
    echo "stack.sh: $*" >&2
    exit 1
}

wrong_use() {
    echo "stack.sh: $*" >&2
    exit 64
}

# ---- processes: a pid file holds "pid start-time boot-id", so a recycled pid is never taken for ours ----

start_time() { # PID -> ticks since boot; fails for what is gone or a zombie
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    stat=${stat##*) } # the name may hold anything, blanks and brackets too
    # shellcheck disable=SC2086
    set -- $stat
    [[ $1 != [ZX] ]] && echo "${20}"
}

pid_of() { # COMPONENT -> its pid while it lives
    local pid start boot
    read -r pid start boot 2>/dev/null <"$run/$1.pid" || return 1
    [[ $boot == "$(</proc/sys/kernel/random/boot_id)" && $(start_time "$pid") == "$start" ]] && echo "$pid"
}

launch() { # COMPONENT COMMAND ... - detached, output appended to its log
    local name=$1 pid
    shift
    setsid "$@" </dev/null >>"$log/$name.log" 2>&1 9>&- &
    pid=$!
    disown
    echo "$pid $(start_time $pid) $(</proc/sys/kernel/random/boot_id)" >"$run/$name.pid"
}

await() { # SECONDS COMMAND ... - until it succeeds
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

ready_or_dead() {
    "$1_ready" || ! pid_of "$1"
}

component_up() { # until it was ready once: a worker whose lanes move says 503 again for a moment
    local name=$1 try
    for try in first again; do # again: it was on its way out when we came
        pid_of "$name" >/dev/null || "${name}_start"
        await $ready_seconds ready_or_dead "$name" || break
        ! pid_of "$name" >/dev/null || return 0
    done
    tail -n 20 "$log/$name.log" >&2
    die "$name is not ready ($try try); the whole log: $log/$name.log"
}

gone() {
    ! pid_of "$1"
}

component_stop() { # asks, then insists
    local name=$1 pid signal=TERM
    if pid=$(pid_of "$name"); then
        [[ $name != postgres ]] || signal=INT # "fast": do not wait for clients
        kill -s $signal "$pid"
        if ! await 20 gone "$name"; then
            kill -s KILL "$pid"
            await 5 gone "$name" || die "$name (pid $pid) can't be stopped"
        fi
    fi
    rm -f "$run/$name.pid"
}

# ---- ports: kept in run/ports, so that what is brought back is where the others look for it ----

port_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

port_free() {
    ! port_taken "$1"
}

port_pick() { # DEFAULT -> a free one that no line of run/ports has
    local port=$1
    [[ ${HIRELOG_PORTS:-fixed} == fixed ]] || port=$((20000 + RANDOM % 10000)) # below the ephemeral ones
    while port_taken "$port" || grep -qs "=$port\$" "$run/ports"; do
        port=$((port + 1))
    done
    echo "$port"
}

port_keep() { # COMPONENT NAME DEFAULT - sets $NAME; a new port only for what does not run
    local component=$1 name=$2 default=$3 port
    port=$(sed -n "s/^$name=//p" "$run/ports")
    # A component that was just killed may hold its port for a moment: wait for it before another one is taken.
    if [[ -z $port ]] || { ! pid_of "$component" >/dev/null && ! await 5 port_free "$port"; }; then
        sed -i "/^$name=/d" "$run/ports"
        port=$(port_pick "$default")
        echo "$name=$port" >>"$run/ports"
    fi
    declare -g "$name=$port"
}

ports_keep() {
    local before
    touch "$run/ports"
    before=$(grep -E '^(kafka|postgres)_port=' "$run/ports" || :)
    port_keep kafka kafka_port 9092
    port_keep kafka controller_port 9093
    port_keep postgres postgres_port 5432
    port_keep api api_port 8080
    port_keep api api_admin_port 8081
    port_keep worker worker_admin_port 8082
    [[ $workers == 1 ]] || port_keep worker2 worker2_admin_port 8083
    [[ -z ${HIRELOG_REGISTRY:-} ]] || port_keep registry registry_port 8085
    if [[ $before != "$(grep -E '^(kafka|postgres)_port=' "$run/ports")" ]]; then
        component_stop worker2 # they look where nothing is any more
        component_stop worker
        component_stop api
    fi
}

# ---- partitions: Kafka freezes their number when the topics are made, so it is kept in hirelog.conf ----

partitions_max=1000 # as the setting's (ops/runtime/config.c)

partitions_check() { # the number that was asked for, before anything is written
    local asked=${HIRELOG_PARTITIONS:-}
    [[ -z $asked ]] || { [[ $asked =~ ^[1-9][0-9]{0,3}$ ]] && ((asked <= partitions_max)); } ||
        wrong_use "HIRELOG_PARTITIONS=$asked: a number from 1 to $partitions_max is wanted"
}

partitions_keep() { # sets $partitions
    local kept
    kept=$(sed -n 's/^partitions = //p' "$var/hirelog.conf" 2>/dev/null) || kept=
    partitions=${HIRELOG_PARTITIONS:-${kept:-1}}
    [[ $partitions == "${kept:-$partitions}" ]] ||
        wrong_use "HIRELOG_PARTITIONS=$partitions, but the topics of $var were made with $kept: leave it out, or \`reset\` first"
}

# ---- workers: a second one has a line of run/ports, so that a later `up` brings it back ----

workers_max=2

workers_check() {
    local asked=${HIRELOG_WORKERS:-}
    [[ -z $asked || $asked =~ ^[1-9]$ ]] && ((${asked:-1} <= workers_max)) ||
        wrong_use "HIRELOG_WORKERS=$asked: a number from 1 to $workers_max is wanted"
}

workers_keep() { # COMPONENT ... - sets $workers; those that are named may ask for the second one, too
    workers=${HIRELOG_WORKERS:-}
    if [[ " $* " == *" worker2 "* ]] || { [[ -z $workers ]] && grep -qs '^worker2_admin_port=' "$run/ports"; }; then
        workers=2
    fi
    workers=${workers:-1}
    if [[ $workers == 1 ]] && grep -qs '^worker2_admin_port=' "$run/ports"; then
        component_stop worker2
        sed -i '/^worker2_admin_port=/d' "$run/ports"
    fi
}

# ---- kafka ----

kafka_start() {
    local conf=$run/kafka.properties data=$var/kafka java
    {
        cat "$root/ops/kafka/server.properties"
        echo "log.dirs=$data"
        echo "listeners=PLAINTEXT://127.0.0.1:$kafka_port,CONTROLLER://127.0.0.1:$controller_port"
        echo "advertised.listeners=PLAINTEXT://127.0.0.1:$kafka_port"
        echo "controller.quorum.voters=1@127.0.0.1:$controller_port"
    } >"$conf"
    java=(java -cp "$libs/*" "-Dlog4j2.configurationFile=$root/ops/kafka/log4j2.properties")
    # An id that begins with - would be an option.
    if [[ ! -e $data/meta.properties ]]; then
        mkdir -p "$data"
        "${java[@]}" -Xmx256m -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format -c "$conf" --ignore-formatted \
            -t "$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 1-22 | sed 's|^-|A|')" >>"$log/kafka.log" 2>&1 ||
            die "the broker's storage can't be made; see $log/kafka.log"
    fi
    # The optimising compiler halves what a request costs, but for its first minute it takes a core of two: not for a throw-away stack.
    local compiler=()
    [[ ${HIRELOG_PORTS:-fixed} == fixed ]] || compiler=(-XX:TieredStopAtLevel=1)
    launch kafka "${java[@]}" -server -Xms512m -Xmx1g "${compiler[@]}" -XX:+UseSerialGC \
        -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true kafka.Kafka "$conf"
}

kafka_ready() {
    timeout 5 kcat -q -b "127.0.0.1:$kafka_port" -L -m 2 | grep -q ' 1 brokers'
}

# ---- postgres: refuses to run as root, so then it runs as an ordinary user and lives where that one can reach it ----

postgres_bin=/usr/lib/postgresql/15/bin
as_postgres=() postgres_user=

postgres_choose_user() {
    ((EUID == 0)) || return 0
    local user=postgres
    if ! getent passwd postgres >/dev/null; then
        user=hirelog
        getent passwd hirelog >/dev/null || useradd --system --user-group --no-create-home hirelog
    fi
    as_postgres=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --inh-caps=-all --)
    postgres_user=$user
}

postgres_choose_place() {
    postgres_data=$var/postgres
    ((EUID == 0)) || return 0
    if ! "${as_postgres[@]}" test -x "$var"; then
        postgres_data=/var/tmp/hirelog-$(printf %s "$var" | sha256sum | cut -c 1-12)
    fi
}

postgres_adopt() { # a directory that was there before, or that only root may make
    [[ -e $postgres_data ]] || install -d -m 700 ${postgres_user:+-o "$postgres_user"} "$postgres_data"
    [[ ! -L $postgres_data && $(stat -c %U "$postgres_data") == "${postgres_user:-$(id -un)}" ]] ||
        die "$postgres_data belongs to somebody else"
}

postgres_make() {
    local made=$postgres_data/new words
    "${as_postgres[@]}" mkdir -m 700 "$postgres_data" 2>/dev/null || postgres_adopt
    rm -rf "$postgres_data/cluster" "$made"
    words=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
    (umask 077 && printf '%s\n' "$words" >"$secret/postgres" && printf '127.0.0.1:*:*:*:%s\n' "$words" >"$secret/pgpass")
    "${as_postgres[@]}" bash -c 'umask 077; cat >"$1/words"' - "$postgres_data" <"$secret/postgres"
    (cd / && "${as_postgres[@]}" $postgres_bin/initdb -D "$made" -U hirelog --pwfile="$postgres_data/words" \
        -A scram-sha-256 -E UTF8 --locale=C.UTF-8) >>"$log/postgres.log" 2>&1 || die "initdb failed; see $log/postgres.log"
    rm -f "$postgres_data/words"
    mv "$made" "$postgres_data/cluster" # whole or not there
}

# A postmaster that was killed leaves backends for a moment, and a pid file that a zombie would keep valid.
postgres_leftovers() {
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        [[ $(readlink "$cwd" 2>/dev/null) == "$postgres_data/cluster" ]] && start_time "$(cut -d/ -f3 <<<"$cwd")" && return
    done
    return 1
}

postgres_start() {
    local cluster=$postgres_data/cluster
    [[ -e $secret/pgpass && -e $cluster/PG_VERSION ]] || postgres_make
    await 20 eval '! postgres_leftovers' || die "backends of a former PostgreSQL still run in $cluster"
    rm -f "$cluster/postmaster.pid"
    cd /
    launch postgres "${as_postgres[@]}" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 TZ=UTC $postgres_bin/postgres -D "$cluster" \
        -c listen_addresses=127.0.0.1 -c "port=$postgres_port" -c unix_socket_directories= -c max_connections=250 \
        -c shared_buffers=128MB -c timezone=UTC -c log_timezone=UTC -c cluster_name=hirelog -c log_line_prefix='%m [%p] %u@%d '
    cd "$root"
}

pg_string() { # DATABASE [USER]
    echo "host=127.0.0.1 port=$postgres_port dbname=$1 ${2:+user=$2 }passfile=$secret/pgpass"
}

postgres_ready() {
    psql -XAtq "$(pg_string postgres hirelog) connect_timeout=3" -c 'SELECT 1'
}

postgres_database() {
    local have
    have=$(psql -XAtq "$(pg_string postgres hirelog)" -c "SELECT 1 FROM pg_database WHERE datname = 'hirelog'")
    [[ -n $have ]] || psql -Xq "$(pg_string postgres hirelog)" -c 'CREATE DATABASE hirelog'
}

# ---- registry: keeps what it was told in a file, so that ids outlive it ----

registry_start() {
    launch registry env -i PATH=/usr/bin:/bin TZ=UTC "QUARKUS_HTTP_PORT=$registry_port" QUARKUS_HTTP_HOST=127.0.0.1 \
        QUARKUS_MANAGEMENT_ENABLED=false APICURIO_STORAGE_KIND=sql APICURIO_STORAGE_SQL_KIND=h2 \
        "APICURIO_DATASOURCE_URL=jdbc:h2:file:$var/registry/apicurio" \
        "$(readlink -f "$root"/build/apicurio/java)/bin/java" -Xmx400m -XX:TieredStopAtLevel=1 -jar "$root/build/apicurio/quarkus-run.jar"
}

registry_url() {
    echo "http://127.0.0.1:$registry_port/apis/ccompat/v7"
}

registry_ready() {
    curl -fsS -o /dev/null --max-time 3 "$(registry_url)/subjects"
}

# ---- api, worker, worker2 ----

write_config() {
    [[ -e $secret/identity_key ]] || (umask 077 && head -c 32 /dev/urandom | base64 >"$secret/identity_key")
    cat >"$var/hirelog.conf.new" <<CONF
# Written by ops/stack.sh at every start; a change belongs into the environment (HIRELOG_<KEY>).
brokers = 127.0.0.1:$kafka_port
pg = $(pg_string hirelog)
pg_admin = $(pg_string hirelog hirelog)
pg_role_password_file = $secret/postgres
identity_key_file = $secret/identity_key
partitions = $partitions
topic_replication = 1
listen = 127.0.0.1
api_port = $api_port
api_admin_port = $api_admin_port
worker_admin_port = $worker_admin_port
${HIRELOG_REGISTRY:+schema_registry_url = $(registry_url)}
CONF
    mv "$var/hirelog.conf.new" "$var/hirelog.conf"
}

prepare() { # topics and schemas; both change nothing where all is there
    "$bin" topics create --config "$var/hirelog.conf" >>"$log/topics.log" 2>&1 || { tail -n 5 "$log/topics.log" >&2; die "hirelog topics failed"; }
    "$bin" migrate --config "$var/hirelog.conf" >>"$log/migrate.log" 2>&1 || { tail -n 5 "$log/migrate.log" >&2; die "hirelog migrate failed"; }
    [[ -z ${HIRELOG_REGISTRY:-} ]] || env -u HIRELOG_SCHEMA_REGISTRY_URL "$bin" schemas publish --config "$var/hirelog.conf" \
        >>"$log/schemas.log" 2>&1 || { tail -n 5 "$log/schemas.log" >&2; die "hirelog schemas publish failed"; }
}

prepared=
hirelog_start() { # COMPONENT SUBCOMMAND [VARIABLE=VALUE ...] - with these settings above the file's
    [[ -n $prepared ]] || prepare
    prepared=yes
    launch "$1" env "${@:3}" "$bin" "$2" --config "$var/hirelog.conf"
}

api_start() {
    hirelog_start api api
}

worker_start() {
    hirelog_start worker worker
}

worker2_start() {
    hirelog_start worker2 worker "HIRELOG_WORKER_ADMIN_PORT=$worker2_admin_port"
}

api_ready() {
    curl -fsS -o /dev/null --max-time 3 "http://127.0.0.1:$api_admin_port/readyz"
}

worker_ready() {
    curl -fsS -o /dev/null --max-time 3 "http://127.0.0.1:$worker_admin_port/readyz"
}

worker2_ready() {
    curl -fsS -o /dev/null --max-time 3 "http://127.0.0.1:$worker2_admin_port/readyz"
}

workers_start() { # those that are wanted and do not run
    local name
    for name in worker worker2; do
        [[ " ${wanted[*]} " != *" $name "* ]] || pid_of $name >/dev/null || ${name}_start
    done
}

# A rebuilt binary replaces the running one.
retire_old_binary() {
    local pid
    if pid=$(pid_of "$1") && [[ ! /proc/$pid/exe -ef $bin ]]; then
        component_stop "$1"
    fi
}

# ---- commands ----

write_env() {
    local name pids=()
    for name in "${components[@]}"; do
        if pid_of "$name" >/dev/null; then
            pids+=("$name=$(pid_of "$name")")
        fi
    done
    cat >"$run/stack.env.new" <<ENV
HIRELOG_URL='http://127.0.0.1:$api_port'
HIRELOG_ADMIN_URL='http://127.0.0.1:$api_admin_port'
HIRELOG_WORKER_ADMIN_URL='http://127.0.0.1:$worker_admin_port'
HIRELOG_WORKER2_ADMIN_URL='${worker2_admin_port:+http://127.0.0.1:$worker2_admin_port}'
HIRELOG_BROKERS='127.0.0.1:$kafka_port'
HIRELOG_REGISTRY_URL='http://127.0.0.1:$api_port'
HIRELOG_PG='$(pg_string hirelog hirelog)'
HIRELOG_CONFIG='$var/hirelog.conf'
HIRELOG_PIDS='${pids[*]}'
HIRELOG_APICURIO_URL='${HIRELOG_REGISTRY:+$(registry_url)}'
ENV
    mv "$run/stack.env.new" "$run/stack.env"
}

place() { # the directories, one stack.sh at a time
    mkdir -p "$run" "$log" "$secret"
    chmod 700 "$secret"
    exec 9>"$run/lock"
    flock -w 120 9 || die "another stack.sh works in $var"
    postgres_choose_user
    postgres_choose_place
}

cmd_up() { # Kafka and PostgreSQL start side by side, then api and the workers do
    local wanted=("$@") name
    partitions_check
    workers_check
    place
    partitions_keep
    workers_keep "$@"
    if ((${#wanted[@]} == 0)); then
        wanted=("${components[@]}")
        [[ $workers == 2 ]] || unset 'wanted[-1]'
    fi
    ports_keep
    write_config
    for name in worker2 worker api; do
        retire_old_binary $name
    done
    for name in kafka postgres registry; do
        [[ " ${wanted[*]} " != *" $name "* ]] || pid_of $name >/dev/null || ${name}_start
    done
    for name in "${wanted[@]}"; do
        [[ $name != api ]] || workers_start
        component_up "$name"
        [[ $name != postgres ]] || postgres_database
    done
    write_env
}

cmd_stop() { # in the reverse order
    local wanted=("${@:-${components[@]}}") i
    [[ -d $run ]] || return 0
    place
    for ((i = ${#wanted[@]} - 1; i >= 0; i--)); do
        component_stop "${wanted[i]}"
    done
    if [[ -e $run/stack.env ]]; then
        # shellcheck disable=SC1091
        source "$run/ports"
        write_env
    fi
}

cmd_reset() {
    cmd_stop
    place
    [[ $postgres_data == "$var"/* ]] || rm -rf "$postgres_data"
    rm -rf "$var"
}

cmd_status() {
    local name pid
    for name in "${components[@]}"; do
        [[ $name != worker2 ]] || grep -qs '^worker2_admin_port=' "$run/ports" || continue
        pid=$(pid_of "$name") && echo "$name $pid" || echo "$name -"
    done
}

case ${1:-} in
up | stop | reset | status) "cmd_$1" "${@:2}" ;;
*) wrong_use "usage: stack.sh up|stop|reset|status [component ...]" ;;
esac

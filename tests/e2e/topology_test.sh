#!/usr/bin/env bash
# Topics that do not keep a promise: `topics check` names the setting, no API and no worker starts with them, and those that run are
# not ready until all is well again. A pair of processes with a database and topics of its own (service user), beside the stack.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
place=topology_$$ work=$HIRELOG_VAR/topology started=()
conf=$work/hirelog.conf
# To a program that reads its settings these would be settings too.
export -n HIRELOG_URL HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_PIDS HIRELOG_PG HIRELOG_BROKERS
export HIRELOG_TOPOLOGY_CHECK_S=1 # a minute in production

end_all() {
    ((${#started[@]} == 0)) || kill "${started[@]}" 2>/dev/null || :
    rm -rf "$http_work"
}
trap end_all EXIT

kafka_tool() { # CLASS ARGUMENT ... - of the broker's own tools
    java -cp "$http_root/build/kafka-libs/*" -Xmx128m -XX:TieredStopAtLevel=1 "$1" --bootstrap-server "$HIRELOG_BROKERS" "${@:2}" \
        >"$work/kafka.out" 2>&1 || die "$1: $(<"$work/kafka.out")"
}

alter() { # TOPIC ARGUMENT ... - its settings
    kafka_tool kafka.admin.ConfigCommand --alter --entity-type topics --entity-name "$@"
}

check() { # STATUS - of `topics check`; what it prints is in check.out
    local status=0
    "$HIRELOG_BIN" topics check --config "$conf" >"$work/check.out" 2>"$work/check.err" || status=$?
    cat "$work/check.out"
    [[ $status == "$1" ]] || die "topics check: $status, not $1: $(<"$work/check.err")"
}

says() { # TEXT - the last check does
    grep -qF "$1" "$work/check.out" || die "topics check does not say: $1"
}

start() { # NAME - api or worker, on any port; sets <name>_admin
    local pid port
    "$HIRELOG_BIN" "$1" --config "$conf" >"$work/$1.log" 2>&1 &
    pid=$!
    started+=("$pid")
    until_true 30 "$1 has a port" grep -q 'admin_port=' "$work/$1.log"
    port=$(sed -n 's/.*admin_port=\([0-9]*\).*/\1/p' "$work/$1.log")
    declare -g "$1_admin=http://127.0.0.1:$port"
}

refuses() { # NAME TEXT - it does not start, exits with 73 and names this
    local status=0
    timeout 20 "$HIRELOG_BIN" "$1" --config "$conf" >"$work/refused.log" 2>&1 || status=$?
    [[ $status == 73 ]] || die "$1 starts, or ends with another status: $status"
    grep -F 'cannot go on' "$work/refused.log" | grep -qF "$2" || die "$1 does not say $2: $(<"$work/refused.log")"
}

ready() { # URL STATUS [TEXT]
    [[ $(curl -sS -o "$http_work/readyz" -w '%{http_code}' --max-time 5 "$1/readyz") == "$2" ]] &&
        grep -qF "${3:-}" "$http_work/readyz"
}

both_ready() { # STATUS [TEXT] - the API and the worker say so within twenty looks
    until_true 20 "the API: $*" ready "$api_admin" "$@"
    until_true 20 "the worker: $*" ready "$worker_admin" "$@"
}

mkdir -p "$work"
sql "CREATE DATABASE $place"
sed -e "s/dbname=hirelog/dbname=$place/" -e 's/^\(.*_port\) = .*/\1 = 0/' "$HIRELOG_CONFIG" >"$conf"
printf 'topic_prefix = %s\nservices = user\n' "$place" >>"$conf"
events=$place.user.events commands=$place.user.commands

it "a topic that is missing is told, and created with all that is asked of it"
check 69
says "topic $events is not there"
"$HIRELOG_BIN" topics create --config "$conf"
"$HIRELOG_BIN" migrate --config "$conf"
check 0
says 'replication.factor is 1, wish: 3 or more'
says 'min.insync.replicas is 1, wish: 2 or more'
kafka_tool kafka.admin.ConfigCommand --describe --entity-type topics --entity-name "$events"
for setting in min.insync.replicas=1 cleanup.policy=delete retention.ms=-1 retention.bytes=-1 max.message.bytes=1200000 \
    message.timestamp.type=CreateTime unclean.leader.election.enable=false; do
    grep -q "^ *$setting sensitive" "$work/kafka.out" || die "$setting is not set at creation: $(<"$work/kafka.out")"
done

it "with what is weak only, both start"
start worker
start api
both_ready 200 '"state":"ok"'

it "a log that forgets: refused, and not ready"
alter "$events" --add-config 'cleanup.policy=[compact,delete],retention.ms=604800000'
both_ready 503 "topic $events: cleanup.policy is compact,delete, wish: delete"
check 73
says "broken  topic $events: cleanup.policy is compact,delete, wish: delete"
says "broken  topic $events: retention.ms is 604800000, wish: -1"
refuses api cleanup.policy
refuses worker cleanup.policy

it "mended while they run: ready again"
alter "$events" --add-config 'cleanup.policy=delete,retention.ms=-1'
both_ready 200 '"state":"ok"'

it "more copies asked for than there are: no write would be acknowledged"
alter "$commands" --add-config min.insync.replicas=2
both_ready 503 "topic $commands: min.insync.replicas is 2, wish: 1 or less"
alter "$commands" --add-config min.insync.replicas=1
both_ready 200

it "a command topic that grew: refused, and not ready, since no lane owns what is new"
kafka_tool org.apache.kafka.tools.TopicCommand --alter --topic "$commands" --partitions $((HIRELOG_PARTITIONS + 1))
both_ready 503 "topic $commands: partitions is $((HIRELOG_PARTITIONS + 1)), wish: $HIRELOG_PARTITIONS"
check 73
refuses api "$commands: partitions is"
refuses worker "$commands: partitions is"

it "without a broker nothing is known"
HIRELOG_BROKERS=127.0.0.1:1 check 75

it "settings that cannot be are refused by name"
for setting in TOPIC_MIN_INSYNC_REPLICAS=2 TOPIC_MIN_INSYNC_REPLICAS=8 TOPOLOGY_CHECK_S=0 TOPOLOGY_CHECK_S=3601; do
    status=0
    env "HIRELOG_$setting" "$HIRELOG_BIN" topics check --config "$conf" >"$work/check.out" 2>&1 || status=$?
    name=${setting%=*}
    [[ $status == 78 ]] && grep -q "${name,,}" "$work/check.out" || die "$setting: $status: $(<"$work/check.out")"
done

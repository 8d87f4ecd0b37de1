# brokers.sh - sourced: a cluster of three brokers (replication factor 3, min.insync.replicas 2, internal topics too), a PostgreSQL, and
# hirelog processes on them, all under $HIRELOG_VAR. What it started ends with the script, by pid.
#
#     cluster_start alone|together   the controller: a process of its own, or all three brokers are controllers, too
#     hirelog_up NAME                hirelog NAME (worker or api) on the cluster
#
# shellcheck shell=bash disable=SC2034,SC2154
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/spec.sh"
faults_root=$http_root
libs=$faults_root/build/kafka-libs
var=$HIRELOG_VAR
declare -A pid=() # NAME -> of what runs
nodes=()

faults_end() {
    local name
    for name in "${!pid[@]}"; do
        kill -KILL "${pid[$name]}" 2>/dev/null || :
    done
    rm -rf "$http_work"
}
trap faults_end EXIT

launch() { # NAME COMMAND ... - output appended to its log
    local name=$1
    shift
    "$@" </dev/null >>"$var/log/$name.log" 2>&1 &
    pid[$name]=$!
}

alive() { # NAME
    kill -0 "${pid[$1]}" 2>/dev/null
}

kill_now() { # NAME ...
    local name
    for name in "$@"; do
        echo "kill -9 $name"
        kill -KILL "${pid[$name]}"
        wait "${pid[$name]}" 2>/dev/null || :
        unset "pid[$name]"
    done
}

free_port() { # sets REPLY
    while :; do
        REPLY=$((20000 + RANDOM % 10000)) # below the ephemeral ones
        [[ ! " ${ports[*]} " == *" $REPLY "* ]] && ! (exec 3<>"/dev/tcp/127.0.0.1/$REPLY") 2>/dev/null && break
    done
    ports+=("$REPLY")
}
ports=()

java_kafka() { # HEAP CLASS ARGUMENT ... - in the background process itself, whose pid is then the program's
    exec java -cp "$libs/*" "-Dlog4j2.configurationFile=$faults_root/ops/kafka/log4j2.properties" "-Xmx$1" -XX:TieredStopAtLevel=1 \
        -XX:+UseSerialGC -Djava.awt.headless=true "${@:2}"
}

node_settings() { # ID ROLES PORT CONTROLLER-PORT VOTERS
    sed -e '/^process\.roles\|^node\.id\|replication\.factor\|min\.isr/d' "$faults_root/ops/kafka/server.properties"
    printf '%s\n' "process.roles=$2" "node.id=$1" "log.dirs=$var/broker$1" "controller.quorum.voters=$5" \
        default.replication.factor=3 min.insync.replicas=2 offsets.topic.replication.factor=3 \
        transaction.state.log.replication.factor=3 transaction.state.log.min.isr=2 share.coordinator.state.topic.replication.factor=3 \
        share.coordinator.state.topic.min.isr=2
    case $2 in
    controller) echo "listeners=CONTROLLER://127.0.0.1:$4" ;;
    broker) printf '%s\n' "listeners=PLAINTEXT://127.0.0.1:$3" "advertised.listeners=PLAINTEXT://127.0.0.1:$3" ;;
    *) printf '%s\n' "listeners=PLAINTEXT://127.0.0.1:$3,CONTROLLER://127.0.0.1:$4" "advertised.listeners=PLAINTEXT://127.0.0.1:$3" ;;
    esac
}

broker_start() { # ID
    launch "broker$1" java_kafka 320m kafka.Kafka "$var/broker$1.properties"
}

all_in_sync() { # every broker is there, and no partition lacks one
    local list
    list=$(timeout 5 kcat -q -b "$brokers" -L -m 2) || return 1
    [[ $list == *' 3 brokers'* ]] && ! grep -E '^ +partition' <<<"$list" | grep -qvE 'isrs: [0-9]+,[0-9]+,[0-9]+'
}

cluster_start() { # alone|together
    local id voters= data_port controller_port formats=() cluster=hirelog-three-brokers-1
    declare -A port=() controller=()
    nodes=(1 2 3)
    [[ $1 == together ]] || nodes+=(9)
    for id in "${nodes[@]}"; do
        free_port && port[$id]=$REPLY
        free_port && controller[$id]=$REPLY
        [[ $1 == alone && $id != 9 ]] || voters+=,$id@127.0.0.1:$REPLY
    done
    brokers=127.0.0.1:${port[1]},127.0.0.1:${port[2]},127.0.0.1:${port[3]}
    for id in "${nodes[@]}"; do
        local roles=broker
        [[ $1 == alone ]] || roles=broker,controller
        [[ $id != 9 ]] || roles=controller
        node_settings "$id" "$roles" "${port[$id]}" "${controller[$id]}" "${voters#,}" >"$var/broker$id.properties"
        java_kafka 128m kafka.tools.StorageTool format -c "$var/broker$id.properties" -t "$cluster" >>"$var/log/format.log" 2>&1 &
        formats+=($!)
    done
    for id in "${formats[@]}"; do wait "$id"; done
    for id in "${nodes[@]}"; do broker_start "$id"; done
    until_true 150 'three brokers' all_in_sync
    "$faults_root/ops/stack.sh" up postgres
    # shellcheck disable=SC1091
    source "$var/run/stack.env"
    config=$var/cluster.conf
    free_port && api_port=$REPLY
    free_port && api_admin=$REPLY
    free_port && worker_admin=$REPLY
    sed -e '/^brokers\|^topic_replication\|_port =/d' "$var/hirelog.conf" >"$config"
    printf '%s\n' "brokers = $brokers" 'topic_replication = 3' "api_port = $api_port" "api_admin_port = $api_admin" \
        "worker_admin_port = $worker_admin" >>"$config"
    HIRELOG_URL=http://127.0.0.1:$api_port
    unset HIRELOG_BROKERS # to the program it would be a setting
    hirelog topics create
    hirelog migrate
}

hirelog() { # COMMAND ... - with the cluster's settings and nothing of the environment's
    env -u HIRELOG_URL -u HIRELOG_ADMIN_URL -u HIRELOG_WORKER_ADMIN_URL -u HIRELOG_REGISTRY_URL -u HIRELOG_PG -u HIRELOG_PIDS -u HIRELOG_BROKERS \
        -u HIRELOG_PARTITIONS "$HIRELOG_BIN" "$@" --config "$config"
}

hirelog_up() { # NAME
    launch "$1" exec_hirelog "$1"
}

exec_hirelog() { # in the background process itself, whose pid is then the program's
    exec env -u HIRELOG_URL -u HIRELOG_ADMIN_URL -u HIRELOG_WORKER_ADMIN_URL -u HIRELOG_REGISTRY_URL -u HIRELOG_PG -u HIRELOG_PIDS \
        -u HIRELOG_BROKERS -u HIRELOG_PARTITIONS "$HIRELOG_BIN" "$@" --config "$config"
}

ready() { # api|worker
    local port=$api_admin
    [[ $1 == api ]] || port=$worker_admin
    curl -fsS -o /dev/null --max-time 3 "http://127.0.0.1:$port/readyz"
}

threads_of() { # NAME
    local all=("/proc/${pid[$1]}/task/"*)
    echo "${#all[@]}"
}

descriptors_of() { # NAME
    local all=("/proc/${pid[$1]}/fd/"*)
    echo "${#all[@]}"
}

# workers.sh - sourced: several workers of one stack, people who write meanwhile, and what both of them show.
#
#     workers_stack                  Kafka, PostgreSQL and the API, and no worker
#     worker_start NAME              a worker of all services, on any admin port; worker_term, worker_kill, worker_freeze, worker_go
#     writers_start, writers_stop
#     scene TITLE ... settled        what happened in between is measured: gaps, lanes, readiness
#     bar NAME MEASURED LIMIT        prints it; one that is over its limit fails the test in the end (bars_hold)
#
# A bar counts on an idle machine; BUSY (5 in the short round, else 1) is the number of times that this one may be slower. Without the mend
# a frozen worker cost 45 to 82 s and a start of three 47 s: over five times the bars, too.
#
# shellcheck shell=bash disable=SC1091,SC2154
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/spec.sh"
[[ -n ${BUSY:-} ]] || { [[ ${HIRELOG_ROUND:-short} == full ]] && BUSY=1 || BUSY=5; }
writers_n=8 services_n=6
patience_s=90 # of a wait, so that what is over its bar is measured
declare -A worker_pids=() worker_admin=() worker_runs=()
writers_pid='' bars_failed=()
exec 3>&2

workers_end() {
    local pids=("${worker_pids[@]}")
    [[ -z $writers_pid ]] || pids+=("$writers_pid")
    ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null || :
    wait 2>/dev/null
    rm -rf "$http_work"
}
trap workers_end EXIT

now() { # ms since 1970
    echo $((${EPOCHREALTIME/./} / 1000))
}

bar() { # NAME MEASURED LIMIT - in ms; the limit is that of an idle machine
    local limit=$(($3 * BUSY)) word=ok
    (($2 <= limit)) || word=FAILED
    printf '   %-64s %6d ms, bar %6d ms  %s\n' "$1" "$2" "$limit" "$word"
    [[ $word == ok ]] || bars_failed+=("$1: $2 ms, bar $limit ms")
}

holds() { # NAME MEASURED WANTED - a count
    local word=ok
    [[ $2 == "$3" ]] || word=FAILED
    printf '   %-64s %6s, wanted %6s  %s\n' "$1" "$2" "$3" "$word"
    [[ $word == ok ]] || bars_failed+=("$1: $2, wanted $3")
}

bars_hold() {
    ((${#bars_failed[@]} == 0)) || die "$(printf '\nfailed: %s' "${bars_failed[@]}")"
}

# ---- workers

workers_stack() {
    "$http_root/ops/stack.sh" up kafka postgres api
    source "$HIRELOG_VAR/run/stack.env"
    lanes_n=$((services_n * $(sed -n 's/^partitions = //p' "$HIRELOG_CONFIG")))
}

worker_log() { # NAME - of its newest run
    echo "$HIRELOG_VAR/log/$1.run${worker_runs[$1]}.log"
}

worker_start() { # NAME
    worker_runs[$1]=$((${worker_runs[$1]:-0} + 1))
    HIRELOG_WORKER_ADMIN_PORT=0 "$HIRELOG_BIN" worker --config "$HIRELOG_CONFIG" >"$(worker_log "$1")" 2>&1 &
    worker_pids[$1]=$!
    worker_admin[$1]=''
}

worker_listens() { # NAME
    local port
    [[ -z ${worker_admin[$1]} ]] || return 0
    port=$(sed -n 's/.*msg="worker started".* admin_port=\([0-9]*\).*/\1/p' "$(worker_log "$1")")
    [[ -n $port ]] && worker_admin[$1]=http://127.0.0.1:$port
}

worker_ready() { # NAME - its answer is in $http_work/NAME.readyz
    worker_listens "$1" && curl -fsS -o "$http_work/$1.readyz" --max-time 5 "${worker_admin[$1]}/readyz" 2>/dev/null
}

worker_lanes() { # NAME - how many it works on, as its last answer says
    jq '[.services[].lanes[]] | length' "$http_work/$1.readyz"
}

worker_ended() { # NAME
    local pid=${worker_pids[$1]} status=0
    wait "$pid" 2>/dev/null || status=$?
    unset "worker_pids[$1]"
    return $status
}

worker_term() { # NAME - asks it to leave, and waits until it has
    kill -TERM "${worker_pids[$1]}"
    worker_ended "$1" || die "$1 did not drain: $(tail -n 3 "$(worker_log "$1")")"
}

worker_kill() { # NAME
    kill -KILL "${worker_pids[$1]}"
    worker_ended "$1" || :
}

worker_freeze() { # NAME
    kill -STOP "${worker_pids[$1]}"
}

worker_go() { # NAME
    kill -CONT "${worker_pids[$1]}"
}

takes_part() { # NAME
    worker_ready "$1" && (($(worker_lanes "$1") > 0))
}

# Every living worker but the frozen one is ready, and each lane has one of them.
workers_ready() { # [FROZEN]
    local name lanes=0
    for name in "${!worker_pids[@]}"; do
        [[ $name != "${1:-}" ]] || continue
        worker_ready "$name" || return 1
        lanes=$((lanes + $(worker_lanes "$name")))
    done
    ((lanes == lanes_n))
}

# ---- people who write

writers_start() {
    mkdir -p "$http_work/writers"
    : >"$http_work/writers/writes"
    python3 "$(dirname "${BASH_SOURCE[0]}")/writers.py" "$HIRELOG_URL" $writers_n "$http_work/writers" >"$http_work/writers/done" &
    writers_pid=$!
    until_true $patience_s 'every writer writes' every_writer_since 0
}

writers_stop() { # they look at all they wrote once more; jobs_n, messages_n, accounts_n are what was acknowledged
    local status=0
    : >"$http_work/writers/stop"
    wait "$writers_pid" || status=$?
    writers_pid=
    [[ ! -s $http_work/writers/wrong ]] || echo "failed: $(head -n 20 "$http_work/writers/wrong")"
    [[ $status == 0 ]] || die "the writers got wrong answers"
    read -r jobs_n messages_n accounts_n <"$http_work/writers/done"
}

every_writer_since() { # MS - each has a decided write, and each lane that is in play, too, which began after that
    kill -0 "$writers_pid" || die "the writers have ended: $(tail -n 3 "$http_work/writers/wrong")" 2>&3 # until_true is silent
    awk -v t="$1" -v n=$writers_n '
        {known[$5]} $1 * 1000 >= t {writer[$3]; lane[$5]}
        END {exit !(length(writer) == n && length(lane) == length(known) && length(known) >= 9)}' "$http_work/writers/writes"
}

longest_gap() { # MS - the longest that a write took which was open then or later, in ms, and its lane
    awk -v t="$1" '$2 * 1000 >= t && ($2 - $1) * 1000 > most {most = ($2 - $1) * 1000; lane = $5} END {printf "%d %s\n", most, lane}' \
        "$http_work/writers/writes"
}

# ---- lanes: the workers' logs say who opened which

lanes_opened() { # MS - every opening since then: "service/partition worker time"
    local name log
    for log in "$HIRELOG_VAR"/log/*.run*.log; do
        [[ -e $log ]] || continue
        name=$(basename "$log")
        sed -n 's/^time="\([^"]*\)".* msg="lane open" service="\{0,1\}\([a-z]*\)"\{0,1\} partition=\([0-9]*\).*/\1 \2\/\3/p' "$log" |
            sed "s|\$| ${name%%.*}|"
    done | awk -v t="$(date -u -d "@$(($1 / 1000)).$(printf %03d $(($1 % 1000)))" +%Y-%m-%dT%H:%M:%S.%6NZ)" '$1 >= t {print $2, $3, $1}'
}

owners() { # "service/partition worker", of the newest openings
    lanes_opened 0 | sort -k 3 | awk '{owner[$1] = $2} END {for (lane in owner) print lane, owner[lane]}' | sort
}

lanes_rest() { # none was opened within a second
    [[ -z $(lanes_opened $(($(now) - 1000))) ]]
}

# ---- scenes

scene() { # TITLE
    it "$1"
    owners >"$http_work/owners"
    scene_began=$(now)
}

# Until all living workers are ready, no lane moves any more, and every writer and lane goes on; sets $gap_ms, $ready_ms, $opened, $moved, $twice.
settled() { # SINCE-MS [FROZEN] - the moment from which the workers' readiness counts
    local lane
    until_true $patience_s 'workers that are ready' workers_ready "${2:-}"
    ready_ms=$(($(now) - $1))
    until_true $patience_s 'lanes that rest' lanes_rest
    until_true $patience_s 'writers that go on' every_writer_since "$(now)"
    read -r gap_ms lane < <(longest_gap "$scene_began")
    lanes_opened "$scene_began" >"$http_work/opened"
    opened=$(wc -l <"$http_work/opened")
    moved=$(owners | comm -13 "$http_work/owners" - | wc -l)
    twice=$(cut -d ' ' -f 1 "$http_work/opened" | sort | uniq -d | wc -l)
    echo "   longest gap $gap_ms ms in $lane; $opened openings, $moved of $lanes_n lanes have another owner; ready after $ready_ms ms"
}

# Nothing but what moved was interrupted, and that once.
moved_once() {
    holds "lanes that were opened twice" "$twice" 0
    holds "lanes that were opened though they stay" "$((opened - moved))" 0
}

#!/usr/bin/env bash
# Workers that join, leave, are killed, frozen and restarted, on three partitions, while eight people write: only the lanes that move are
# interrupted, for as long as the bars say, and nothing that was acknowledged is lost, doubled or denied.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/workers.sh"
frozen_ms=15000 rounds=1
[[ ${HIRELOG_ROUND:-short} != full ]] || rounds=3
workers_stack

scene 'three workers at once on an empty stack'
for name in w1 w2 w3; do worker_start $name; done
until_true $patience_s 'three workers that are ready' workers_ready
bar 'start of three: all ready' "$(($(now) - scene_began))" 5000
writers_start
until_true $patience_s 'lanes that rest' lanes_rest
scene 'nothing happens'
settled "$scene_began"
holds 'lanes that were opened' "$opened" 0
quiet_ms=$gap_ms

round() { # FIRST SECOND THIRD FOURTH - the first three work; in the end the last three do
    scene "$4 joins $1, $2 and $3"
    worker_start "$4"
    settled "$scene_began"
    bar 'join: gap' "$gap_ms" 1500
    bar 'join: all ready' "$ready_ms" 5000
    moved_once

    scene "$1 leaves"
    worker_term "$1"
    settled "$(now)"
    bar 'leave: gap' "$gap_ms" 1500
    bar 'leave: all ready' "$ready_ms" 5000
    moved_once

    scene "$2 is killed"
    worker_kill "$2"
    settled "$scene_began"
    bar 'kill -9: gap' "$gap_ms" 1500
    bar 'kill -9: all ready' "$ready_ms" 5000

    scene "$2 comes back"
    worker_start "$2"
    until_true $patience_s "$2 has lanes" takes_part "$2"
    settled "$scene_began"
    bar 'return: gap' "$gap_ms" 1500
    bar 'return: all ready, and it has lanes' "$ready_ms" 5000
    moved_once

    frost "$3"
    rolling_restart "${@:2}"
}

frost() { # NAME
    scene "$1 is frozen"
    worker_freeze "$1"
    settled "$scene_began" "$1"
    until_true 60 'the end of the frost' eval '(($(now) >= scene_began + frozen_ms))'
    read -r gap_ms _ < <(longest_gap "$scene_began")
    bar 'frozen: gap' "$gap_ms" 6000

    scene "$1 goes on"
    worker_go "$1"
    until_true $patience_s "$1 has lanes" takes_part "$1"
    settled "$scene_began"
    bar 'unfrozen: gap' "$gap_ms" 1500
    bar 'unfrozen: all ready, and it has lanes' "$ready_ms" 5000
}

rolling_restart() { # NAME ...
    local name began started
    scene "a rolling restart of $*"
    for name in "$@"; do
        began=$(now)
        worker_term "$name"
        worker_start "$name"
        started=$(now)
        until_true $patience_s "$name is ready" worker_ready "$name"
        echo "   $name: $(($(now) - began)) ms, ready after $(($(now) - started)) ms"
    done
    bar 'rolling restart: in all' "$(($(now) - scene_began))" 10000
    settled "$(now)"
    bar 'rolling restart: gap' "$gap_ms" 1500
    bar 'rolling restart: all ready' "$ready_ms" 5000
}

for ((i = 1; i <= rounds; i++)); do
    round w$i w$((i + 1)) w$((i + 2)) w$((i + 3))
done

it 'everything that was acknowledged is there, once, in the view and in the log'
writers_stop
echo "   $(wc -l <"$http_work/writers/writes") writes: $jobs_n jobs, $messages_n messages, $accounts_n accounts"
echo "   without a fault the longest took $quiet_ms ms"
holds 'jobs' "$(sql "SELECT count(*) FROM $(view job).posting")" "$jobs_n"
holds 'messages' "$(sql "SELECT count(*) FROM $(view messaging).message")" "$messages_n"
holds 'accounts' "$(sql "SELECT count(*) FROM $(view user).account")" "$accounts_n"
registry_fetch "$http_work/ids"
for event in job.JobPosted/$jobs_n messaging.MessageSent/$messages_n user.UserRegistered/$accounts_n; do
    wanted=${event#*/} name=${event%/*}
    holds "$name in the log" "$(events_of "$http_work/ids" "hirelog.${name%.*}.events" | grep -c "^${name#*.} ")" "$wanted"
done
bars_hold

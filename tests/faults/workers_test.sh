#!/usr/bin/env bash
# Workers that join, leave, are killed, frozen and restarted, on three partitions, while eight people write: only the lanes that move are
# interrupted, for as long as the bars say, and nothing that was acknowledged is lost, doubled or denied.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/workers.sh"
frozen_ms=15000
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

scene 'a fourth joins'
worker_start w4
settled "$scene_began"
bar 'join: gap' "$gap_ms" 1500
bar 'join: all ready' "$ready_ms" 5000
moved_once

scene 'the first leaves'
worker_term w1
settled "$(now)"
bar 'leave: gap' "$gap_ms" 1500
bar 'leave: all ready' "$ready_ms" 5000
moved_once

scene 'the second is killed'
worker_kill w2
settled "$scene_began"
bar 'kill -9: gap' "$gap_ms" 1500
bar 'kill -9: all ready' "$ready_ms" 5000

scene 'it comes back'
worker_start w2
until_true $patience_s 'w2 has lanes' takes_part w2
settled "$scene_began"
bar 'return: gap' "$gap_ms" 1500
bar 'return: all ready, and it has lanes' "$ready_ms" 5000
moved_once

scene 'the third is frozen'
worker_freeze w3
settled "$scene_began" w3
until_true 60 'the end of the frost' eval '(($(now) >= scene_began + frozen_ms))'
read -r gap_ms _ < <(longest_gap "$scene_began")
bar 'frozen: gap' "$gap_ms" 6000
scene 'it goes on'
worker_go w3
until_true $patience_s 'w3 has lanes' takes_part w3
settled "$scene_began"
bar 'unfrozen: gap' "$gap_ms" 1500
bar 'unfrozen: all ready, and it has lanes' "$ready_ms" 5000

scene 'a rolling restart of all three'
for name in w2 w3 w4; do
    restart_began=$(now)
    worker_term $name
    worker_start $name
    started=$(now)
    until_true $patience_s "$name is ready" worker_ready $name
    echo "   $name: $(($(now) - restart_began)) ms, ready after $(($(now) - started)) ms"
done
bar 'rolling restart: in all' "$(($(now) - scene_began))" 10000
settled "$(now)"
bar 'rolling restart: gap' "$gap_ms" 1500
bar 'rolling restart: all ready' "$ready_ms" 5000

it 'everything that was acknowledged is there, once, in the view and in the log'
writers_stop
echo "   $(wc -l <"$http_work/writers/writes") writes: $jobs_n jobs, $messages_n messages, $accounts_n accounts; without a fault the longest took $quiet_ms ms"
holds 'jobs' "$(sql "SELECT count(*) FROM $(view job).posting")" "$jobs_n"
holds 'messages' "$(sql "SELECT count(*) FROM $(view messaging).message")" "$messages_n"
holds 'accounts' "$(sql "SELECT count(*) FROM $(view user).account")" "$accounts_n"
registry_fetch "$http_work/ids"
for event in job.JobPosted/$jobs_n messaging.MessageSent/$messages_n user.UserRegistered/$accounts_n; do
    wanted=${event#*/} name=${event%/*}
    holds "$name in the log" "$(events_of "$http_work/ids" "hirelog.${name%.*}.events" | grep -c "^${name#*.} ")" "$wanted"
done
bars_hold

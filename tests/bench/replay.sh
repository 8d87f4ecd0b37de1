#!/usr/bin/env bash
# Prints how fast a replay is (`make bench-replay`), on a throw-away stack: a log of JOBS jobs with 5 events each is filled, the job
# service's view is made from it, and the resulting rows are put into an equal table by COPY, in one run. The exit status is 1 when a
# target is missed.
#
#   JOBS   200,000        APART  events of others between two of one job, a fifth of it (200)
#   DAYS   365: how old the log's beginning is; outcomes of the last 7 days are made anew
set -euo pipefail
cd "$(dirname "$0")/../.."
jobs=${JOBS:-200000} apart=${APART:-200} days=${DAYS:-365}
export HIRELOG_VAR HIRELOG_PORTS=free HIRELOG_PARTITIONS=2 HIRELOG_BIN=${HIRELOG_BIN:-build/hirelog}
HIRELOG_VAR=$(mktemp -d "$PWD/build/bench-replay.XXXXXX")
chmod 755 "$HIRELOG_VAR"
trap 'ops/stack.sh reset' EXIT
conf=$HIRELOG_VAR/hirelog.conf
missed=0

say() { printf '%-44s %s\n' "$1" "$2"; }
check() { # NAME FIGURE OP TARGET
    local verdict=ok
    awk -v a="$2" -v b="$4" "BEGIN { exit !(a $3 b) }" || { verdict=MISSED; missed=1; }
    printf '  %-42s %s %s %s: %s\n' "$1" "$2" "$3" "$4" "$verdict"
}
sql() { psql -XqAt "$pg" "$@"; }
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'; }
rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f", n / s }'; }
# replay ARGUMENT ... - sets $took and $peak_mib
replay() {
    local begin=$EPOCHREALTIME pid kib=0 line
    "$HIRELOG_BIN" replay "$@" --config "$conf" >"$HIRELOG_VAR/log/replay.out" 2>&1 &
    pid=$!
    while kill -0 $pid 2>/dev/null; do
        line=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null || :)
        kib=${line:-$kib}
        read -rt 0.1 <>/dev/zero -N 0 || :
    done
    wait $pid || { cat "$HIRELOG_VAR/log/replay.out"; exit 1; }
    took=$(seconds_since "$begin")
    peak_mib=$((kib / 1024))
    sed 's/^/    /' "$HIRELOG_VAR/log/replay.out"
}

ops/stack.sh up kafka postgres
pg=$(sed -n "s/^HIRELOG_PG='\(.*\)'/\1/p" "$HIRELOG_VAR/run/stack.env")
"$HIRELOG_BIN" topics create --config "$conf" >/dev/null 2>&1
"$HIRELOG_BIN" migrate --config "$conf" >/dev/null 2>&1
begin=$EPOCHREALTIME
say "the log is filled" "$(build/release/tests/bench/log_fill "$conf" "$jobs" "$apart" "$days") in $(seconds_since "$begin") s"
events=$((jobs * 5))

say "hirelog replay job" "the whole service: rows, states, outcomes, search"
replay job
say "  whole service" "$took s, $(rate $events "$took") events/s, peak $peak_mib MiB"
check "MiB of memory at most" "$peak_mib" '<=' 256

say "hirelog replay job/events" "the job read model alone"
replay job/events --unchecked
say "  job read model" "$took s, peak $peak_mib MiB"
check "events/s from Kafka to the job read model" "$(sed -n 's/.* 100.0 %.* \([0-9,]*\)\/s .*/\1/p' "$HIRELOG_VAR/log/replay.out" | tail -n 1 | tr -d ,)" '>=' 80000

view=hirelog_job_g$(sql -c 'SELECT generation FROM hirelog_job.control')
sql -c "CREATE UNLOGGED TABLE public.copied (LIKE $view.posting INCLUDING ALL)"
rows=$HIRELOG_VAR/rows
sql -c "\\copy $view.posting TO '$rows'"
begin=$EPOCHREALTIME
sql -c "\\copy public.copied FROM '$rows'"
copy_took=$(seconds_since "$begin")
say "COPY of the resulting rows, with indexes" "$(sql -c 'SELECT count(*) FROM public.copied') rows in $copy_took s, $(rate "$jobs" "$copy_took") rows/s"
exit $missed

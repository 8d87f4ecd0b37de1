#!/usr/bin/env bash
# What the stack keeps: `up` without the numbers of partitions and workers changes nothing, another number of partitions is refused before
# anything is written, and another number of workers is taken.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
unset HIRELOG_URL HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_BROKERS
partitions=$HIRELOG_PARTITIONS

written() { # every file that a start may write, and who runs
    (cd "$HIRELOG_VAR" && sha256sum hirelog.conf run/ports run/stack.env run/*.pid)
}

refuses() { # DIRECTORY VARIABLE=VALUE WORDS - with 64, and it says these words
    local status=0
    env "HIRELOG_VAR=$1" "$2" "$http_root/ops/stack.sh" up >"$http_work/said" 2>&1 || status=$?
    echo "$2: $status $(<"$http_work/said")"
    [[ $status == 64 ]] || die "status $status"
    grep -qF "$3" "$http_work/said" || die "it does not say: $3"
}

it "without the numbers, and with the same ones, nothing changes"
written >"$http_work/before"
unchanged() {
    written | diff "$http_work/before" - || die "something was written anew"
}
env -u HIRELOG_PARTITIONS -u HIRELOG_WORKERS "$http_root/ops/stack.sh" up
unchanged
HIRELOG_PARTITIONS='' HIRELOG_WORKERS='' "$http_root/ops/stack.sh" up
unchanged
HIRELOG_PARTITIONS=$partitions "$http_root/ops/stack.sh" up
unchanged
grep -qx "partitions = $partitions" "$HIRELOG_CONFIG" || die "another number: $(grep partitions "$HIRELOG_CONFIG")"

it "another number of partitions is refused, and nothing is written"
other=HIRELOG_PARTITIONS=$((partitions + 1))
refuses "$HIRELOG_VAR" $other "$other, but the topics of $HIRELOG_VAR were made with $partitions"
unchanged

it "a number that cannot be makes no stack"
for wrong in 0 -1 1001 3x ' ' 99999999999999999999; do
    refuses "$http_work/none" "HIRELOG_PARTITIONS=$wrong" "HIRELOG_PARTITIONS=$wrong: a number from 1 to 1000 is wanted"
    [[ ! -e $http_work/none ]] || die "a directory was made"
done
for wrong in 0 3 -1 2x ' ' 99999999999999999999; do
    refuses "$http_work/none" "HIRELOG_WORKERS=$wrong" "HIRELOG_WORKERS=$wrong: a number from 1 to 2 is wanted"
    [[ ! -e $http_work/none ]] || die "a directory was made"
done

it "both workers serve"
call_ready() {
    curl -fsS -o /dev/null --max-time 5 "http://127.0.0.1:$(sed -n "s/^$1_admin_port=//p" "$HIRELOG_VAR/run/ports")/readyz"
}
for name in api worker worker2; do call_ready $name; done

it "one worker less, and it stays away; then it is back"
components() {
    "$http_root/ops/stack.sh" status | cut -d ' ' -f 1 | xargs
}
HIRELOG_WORKERS=1 "$http_root/ops/stack.sh" up
[[ -z $(pid_of worker2) && $(components) == "kafka postgres api worker" ]] || die "it runs: $("$http_root/ops/stack.sh" status)"
env -u HIRELOG_WORKERS "$http_root/ops/stack.sh" up
[[ -z $(pid_of worker2) && -n $(pid_of worker) ]] || die "not one worker"
HIRELOG_WORKERS=2 "$http_root/ops/stack.sh" up
[[ -n $(pid_of worker2) && $(components) == "kafka postgres api worker worker2" ]] || die "not two workers"
call_ready worker2

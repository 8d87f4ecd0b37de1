#!/usr/bin/env bash
# The number of partitions is kept by the stack: `up` without it changes nothing, `up` with another one is refused before anything is
# written.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
unset HIRELOG_URL HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_BROKERS
partitions=$HIRELOG_PARTITIONS

written() { # every file that a start may write, and who runs
    (cd "$HIRELOG_VAR" && sha256sum hirelog.conf run/ports run/stack.env run/*.pid)
}

refuses() { # DIRECTORY PARTITIONS WORDS - with 64, and it says these words
    local status=0
    HIRELOG_VAR=$1 HIRELOG_PARTITIONS=$2 "$http_root/ops/stack.sh" up >"$http_work/said" 2>&1 || status=$?
    echo "HIRELOG_PARTITIONS=$2: $status $(<"$http_work/said")"
    [[ $status == 64 ]] || die "status $status"
    grep -qF "$3" "$http_work/said" || die "it does not say: $3"
}

it "without the number, and with the same one, nothing changes"
written >"$http_work/before"
unchanged() {
    written | diff "$http_work/before" - || die "something was written anew"
}
env -u HIRELOG_PARTITIONS "$http_root/ops/stack.sh" up
unchanged
HIRELOG_PARTITIONS='' "$http_root/ops/stack.sh" up
unchanged
HIRELOG_PARTITIONS=$partitions "$http_root/ops/stack.sh" up
unchanged
grep -qx "partitions = $partitions" "$HIRELOG_CONFIG" || die "another number: $(grep partitions "$HIRELOG_CONFIG")"

it "another one is refused, and nothing is written"
refuses "$HIRELOG_VAR" $((partitions + 1)) "HIRELOG_PARTITIONS=$((partitions + 1)), but the topics of $HIRELOG_VAR were made with $partitions"
unchanged

it "a number that cannot be makes no stack"
for wrong in 0 -1 1001 3x ' ' 99999999999999999999; do
    refuses "$http_work/none" "$wrong" "HIRELOG_PARTITIONS=$wrong: a number from 1 to 1000 is wanted"
    [[ ! -e $http_work/none ]] || die "a directory was made"
done

it "who runs, serves"
call_ready() {
    curl -fsS -o /dev/null --max-time 5 "http://127.0.0.1:$(sed -n "s/^$1_admin_port=//p" "$HIRELOG_VAR/run/ports")/readyz"
}
call_ready api
call_ready worker

#!/usr/bin/env bash
# test.sh BUILD-DIR [name ...] - the tests that need a broker and a database, on a throw-away stack (3 partitions, free ports).
#
#   BUILD-DIR/tests/integration/*_test   each gets a database and topics of its own, named in the settings file $HIRELOG_CONFIG (the
#                                        database also in $HIRELOG_TEST_PG), and starts the processes it wants from $HIRELOG_BIN
#   tests/e2e/*_test.sh, BUILD-DIR/tests/e2e/*_test   then, over HTTP against the whole stack with two workers (stack.env is in the
#                                        environment); what a test has stopped is started again behind it
#   tests/registry/*_test.sh                          these instead, with HIRELOG_REGISTRY=apicurio: the stack has a schema registry
#   tests/faults/*_test.sh                            these instead, with HIRELOG_ROUND=short|full: each starts the processes it wants
#                                                     in a $HIRELOG_VAR of its own, which is reset behind it
#
# Prints one line per test, of one that failed also what its output says of it, and ends the stack in any case.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
build=$1
shift
only=("$@")
test_seconds=240
[[ ${HIRELOG_ROUND:-} != full ]] || test_seconds=1200
HIRELOG_VAR=$(mktemp -d "$root/build/test-stack.XXXXXX")
export HIRELOG_VAR HIRELOG_PORTS=free HIRELOG_PARTITIONS=3 HIRELOG_BIN=$root/$build/hirelog
chmod 755 "$HIRELOG_VAR"
failed=() passed=0

tear_down() {
    local status=$?
    trap - EXIT INT TERM
    if ((status != 0)); then
        rm -rf build/test-logs
        cp -r "$HIRELOG_VAR/log" build/test-logs
        echo "logs of the stack: build/test-logs"
    fi
    ops/stack.sh reset
    exit "$status"
}
trap tear_down EXIT
trap 'exit 130' INT TERM

wanted() {
    local name
    ((${#only[@]})) || return 0
    for name in "${only[@]}"; do
        [[ $1 != *"$name"* ]] || return 0
    done
    return 1
}

run_test() { # FILE
    local name=$1 output=$HIRELOG_VAR/log/${1##*/}.out begin=$EPOCHREALTIME status=0
    timeout --kill-after=10 $test_seconds "$1" >"$output" 2>&1 </dev/null || status=$?
    LC_ALL=C awk -v b="$begin" -v e="$EPOCHREALTIME" -v n="$name" -v s=$status \
        'BEGIN {printf "%-6s %6.1f s  %s\n", s ? "FAILED" : "ok", e - b, n}'
    if ((status == 0)); then
        passed=$((passed + 1))
        return
    fi
    failed+=("$name")
    grep -hE -A 2 '^\[  (ERROR|FAILED) |^(FAILED|failed):' "$output" | head -n 60 || : # none: the end tells
    echo "... the end of its output; all of it: build/test-logs/${output##*/}"
    tail -n 40 "$output"
    ((status != 124)) || echo "(ended after $test_seconds s)"
}

load_env() {
    set -a
    # shellcheck disable=SC1091
    source "$HIRELOG_VAR/run/stack.env"
    set +a
}

# A database and topics of its own for one test; what it starts takes any free port.
own_place() { # NAME
    local name=$1
    psql -Xq "$HIRELOG_PG" -c "CREATE DATABASE $name"
    sed -e "s/dbname=hirelog/dbname=$name/" -e 's/^\(.*_port\) = .*/\1 = 0/' "$HIRELOG_VAR/hirelog.conf" >"$HIRELOG_VAR/$name.conf"
    echo "topic_prefix = $name" >>"$HIRELOG_VAR/$name.conf"
    export HIRELOG_CONFIG=$HIRELOG_VAR/$name.conf HIRELOG_TEST_PG=${HIRELOG_PG/dbname=hirelog/dbname=$name}
    # To a program that reads its settings these would be settings too, and stand above the file.
    export -n HIRELOG_URL HIRELOG_ADMIN_URL HIRELOG_WORKER_ADMIN_URL HIRELOG_REGISTRY_URL HIRELOG_PIDS HIRELOG_PG HIRELOG_BROKERS
}

integration() {
    local file
    ops/stack.sh up kafka postgres
    for file in tests/integration/*_test.c; do
        file=$build/${file%.c}
        [[ -x $file ]] && wanted "$file" || continue
        load_env
        own_place "$(basename "$file")"
        run_test "$file"
    done
}

whole_stack() { # FOLDER
    local file files=()
    for file in "$1"/*_test.sh "$1"/*_test.c; do
        [[ $file != *.c ]] || file=$build/${file%.c}
        [[ ! -x $file ]] || ! wanted "$file" || files+=("$file")
    done
    ((${#files[@]})) || return 0
    for file in "${files[@]}"; do
        ops/stack.sh up
        load_env
        run_test "$file"
    done
}

# Each begins with nothing and starts its own processes under $HIRELOG_VAR.
faults() {
    local file whole=$HIRELOG_VAR
    for file in tests/faults/*_test.sh; do
        wanted "$file" || continue
        HIRELOG_VAR=$whole/$(basename "$file" .sh) fault_test "$file"
    done
}

fault_test() { # FILE
    local before=${#failed[@]}
    mkdir -p "$HIRELOG_VAR/log"
    chmod 755 "$HIRELOG_VAR"
    run_test "$1"
    ops/stack.sh stop
    if ((${#failed[@]} > before)); then
        mkdir -p "${HIRELOG_VAR%/*}/log"
        cp -r "$HIRELOG_VAR/log" "${HIRELOG_VAR%/*}/log/${HIRELOG_VAR##*/}"
    fi
    ops/stack.sh reset
}

if [[ -n ${HIRELOG_REGISTRY:-} ]]; then
    whole_stack tests/registry
elif [[ -n ${HIRELOG_ROUND:-} ]]; then
    faults
else
    integration
    export HIRELOG_WORKERS=2
    whole_stack tests/e2e
fi
echo "$passed passed, ${#failed[@]} failed ${failed[*]}"
((${#failed[@]} == 0 && passed > 0))

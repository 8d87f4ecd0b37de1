#!/usr/bin/env bash
# check.sh PROGRAM ... - runs the unit tests one after the other, goes on after a failure, says which failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=()
for program in "$@"; do
    echo "--- ${program##*/}"
    timeout --kill-after=5 120 "$program" </dev/null || failed+=("${program##*/}")
done
echo "$(($# - ${#failed[@]})) of $# unit test programs passed"
((${#failed[@]} == 0)) || {
    echo "failed: ${failed[*]}" >&2
    exit 1
}

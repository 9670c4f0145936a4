#!/usr/bin/env bash
# Runs every unit test under valgrind: scripts/valgrind.sh [BUILD_DIR] [PATTERN]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/dev} pattern=${2:-}
command -v valgrind >/dev/null || { echo "valgrind.sh: valgrind is not installed; run: sudo apt-get install valgrind" >&2; exit 1; }
export EML_SOURCE_DIR=$PWD EML_BUILD_DIR=$build EML_UNDER_VALGRIND=1
passed=0 failed=0
for test in "$build"/tests/test_*; do
    [ -x "$test" ] && [[ $test == *"$pattern"* ]] || continue
    log=$(mktemp)
    if timeout 3600 valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        "$test" >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -40 "$log"
        echo "valgrind: FAILED ${test##*/}"
    fi
    rm -f "$log"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

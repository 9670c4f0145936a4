#!/usr/bin/env bash
# Runs every unit test under valgrind: scripts/valgrind.sh [--jobs N] [BUILD_DIR] [PATTERN]
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=1
if [ "${1:-}" = --jobs ]; then
    jobs=$2
    shift 2
fi
build=${1:-build/dev} pattern=${2:-}
command -v valgrind >/dev/null || { echo "valgrind.sh: valgrind is not installed; run: sudo apt-get install valgrind" >&2; exit 1; }
export EML_SOURCE_DIR=$PWD EML_BUILD_DIR=$build EML_UNDER_VALGRIND=1

run_one() {
    local test=$1 log started=$SECONDS
    log=$(mktemp)
    if timeout 3600 valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        "$test" >"$log" 2>&1; then
        echo "passed ${test##*/} ($((SECONDS - started)) s)"
    else
        tail -40 "$log"
        echo "FAILED ${test##*/}"
    fi
    rm -f "$log"
}
export -f run_one

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for test in "$build"/tests/test_*; do
    [ -x "$test" ] && [[ $test == *"$pattern"* ]] && printf '%s\n' "$test"
done | xargs -r -P "$jobs" -I{} bash -c 'run_one {}' | tee "$results"
passed=$(grep -c '^passed ' "$results" || true) failed=$(grep -c '^FAILED ' "$results" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

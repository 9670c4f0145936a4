#!/usr/bin/env bash
# Set-up, build and every test: scripts/test.sh [--quick] [--jobs N]
# Lanes: dev (gcc), clang, asan (ASan and UBSan), fuzz (each fuzzer for some seconds). --quick runs dev
# alone. One ctest runs them all; its summary stands at the end. Longer lanes: docs/BUILD.md.
set -euo pipefail
cd "$(dirname "$0")/.."

lanes=(dev clang asan fuzz) jobs=$(nproc)
while [ $# -gt 0 ]; do
    case $1 in
    --quick) lanes=(dev); shift ;;
    --jobs) jobs=$2; shift 2 ;;
    *) echo "test.sh: unknown option $1; see the head of scripts/test.sh" >&2; exit 2 ;;
    esac
done

started=$SECONDS
step() { echo "== $* ($((SECONDS - started)) s)"; }

step "set-up"
scripts/setup.sh
for lane in "${lanes[@]}"; do
    step "build: $lane"
    log=build/build-$lane.log
    { cmake --preset "$lane" && cmake --build --preset "$lane" -j "$jobs"; } >"$log" 2>&1 </dev/null || {
        grep -E -A5 'error:|FAILED|CMake Error' "$log" | head -60
        echo "test.sh: the build of lane $lane failed; the log is in $log" >&2
        exit 1
    }
done

step "tests"
printf 'subdirs(%s)\n' "${lanes[@]}" >build/CTestTestfile.cmake
code=0
ctest --test-dir build -j "$jobs" --output-on-failure --no-tests=error </dev/null || code=$?
exit "$code"

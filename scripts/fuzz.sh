#!/usr/bin/env bash
# Runs fuzzers: scripts/fuzz.sh [--build DIR] [--seconds N] [--jobs N] [NAME ...]
# Without a name it runs all of them. New inputs grow in build/fuzz-corpus/NAME; the seeds in
# fuzz/corpus/NAME are only read, and so are real documents, where EML_VECTORS says where they lie
# (scripts/fuzz-seeds.py). What makes a fuzzer stop is kept in build/fuzz-findings/NAME.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/fuzz seconds=600 jobs=1 names=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --jobs) jobs=$2; shift 2 ;;
    --*) echo "fuzz.sh: unknown option $1" >&2; exit 2 ;;
    *) names+=("$1"); shift ;;
    esac
done
if [ ${#names[@]} -eq 0 ]; then
    for program in "$build"/fuzz/fuzz_*; do
        [ -x "$program" ] && names+=("${program##*/fuzz_}")
    done
fi
# Why: cmake/tests.cmake, EML_TEST_LAUNCHER.
launcher=
if setarch -R true 2>/dev/null; then launcher="setarch -R"; fi

[ ${#names[@]} -gt 0 ] || { echo "fuzz.sh: no fuzzer in $build/fuzz; run: make fuzz" >&2; exit 1; }

run_one() {
    local name=$1 program="$build/fuzz/fuzz_$1" grown="build/fuzz-corpus/$1" found="build/fuzz-findings/$1"
    local seeds="fuzz/corpus/$name" log="build/fuzz-findings/$1.log"
    mkdir -p "$grown" "$found"
    [ -d "$seeds" ] || seeds=
    if [ -d "${EML_VECTORS:-}" ]; then
        python3 scripts/fuzz-seeds.py "$EML_VECTORS" "$name" "build/fuzz-seeds/$name"
        seeds="$seeds build/fuzz-seeds/$name"
    fi
    # shellcheck disable=SC2086  # one word a folder, and words of a command
    if $launcher "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/" "$grown" $seeds >"$log" 2>&1; then
        echo "fuzz $name: $(sed -n 's/.*number_of_executed_units: *//p' "$log") inputs in $seconds s, nothing found"
    else
        tail -40 "$log"
        echo "fuzz $name: STOPPED, see $log and $found/"
        return 1
    fi
}
export -f run_one
export build seconds launcher
printf '%s\n' "${names[@]}" | xargs -P "$jobs" -I{} bash -c 'run_one {}'

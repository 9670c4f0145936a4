#!/bin/sh
# Takes out one check of the verifier at a time and shows that a test fails: writes docs/DELETIONS.md.
#
#     scripts/deletions.sh [--build DIR] [--only ID[:CODE]] [--check] [--jobs N]
#
# --check compares with docs/DELETIONS.md instead of writing it. Exit 0: every check has a test that notices.
set -eu
cd "$(dirname "$0")/.."
build=build/deletion
if [ "${1:-}" = --build ]; then
    build=$2
    shift 2
fi
cmake -S . -B "$build" -G Ninja -DEML_LANE=deletion -DCMAKE_BUILD_TYPE=RelWithDebInfo >"${TMPDIR:-/tmp}/eml-deletions.log" 2>&1 ||
    { cat "${TMPDIR:-/tmp}/eml-deletions.log"; exit 1; }
targets=$(for f in tests/unit/tee_verify/test_*.c tests/unit/receipt/test_*.c tests/unit/channel/test_channel.c; do
    case $f in *evidence_heap*) continue ;; esac # names no check
    layer=$(basename "$(dirname "$f")")
    stem=$(basename "$f" .c)
    echo "test_${layer}_${stem#test_}"
done)
# shellcheck disable=SC2086  # one word a target
ninja -C "$build" $targets >"${TMPDIR:-/tmp}/eml-deletions.log" 2>&1 ||
    { tail -50 "${TMPDIR:-/tmp}/eml-deletions.log"; exit 1; }
# shellcheck disable=SC2086
exec python3 scripts/deletions.py --build "$build" "$@" $targets

#!/usr/bin/env bash
# Measures the confidential path and writes its section of docs/BENCHMARKS.md. Wants an idle machine.
#   scripts/bench-path.sh [--print] [--rounds N] [--seconds N]
set -euo pipefail
cd "$(dirname "$0")/.."
write=1
if [ "${1:-}" = --print ]; then
    write=0
    shift
fi
make --no-print-directory release >/dev/null
cmake --build build/release --target benches >/dev/null
[ -f models/minilm/model.safetensors ] || scripts/fetch-model.sh minilm models/minilm
table=$(mktemp)
trap 'rm -f "$table"' EXIT
python3 bench/path.py "$@" | tee "$table"
[ "$write" = 0 ] || python3 bench/write_section.py path "$table" docs/BENCHMARKS.md "scripts/bench-path.sh $*"

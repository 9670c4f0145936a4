#!/bin/sh
# Judges genuine evidence of every platform and writes the evidence section of docs/BENCHMARKS.md. Needs the third-party
# vectors (EML_VECTORS). Wants an idle machine.
#   scripts/bench-evidence.sh [--print]
set -eu
cd "$(dirname "$0")/.."
vectors=${EML_VECTORS:-../shared/vectors}
[ -d "$vectors/nitro" ] || { echo "bench-evidence: no third-party vectors: set EML_VECTORS to their folder" >&2; exit 77; }
cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release -DEML_TESTS=OFF >/dev/null
ninja -C build/release bench_evidence >/dev/null
table=$(mktemp)
trap 'rm -f "$table"' EXIT
build/release/bench/bench_evidence "$vectors" >"$table"
if [ "${1:-}" = --print ]; then
    cat "$table"
    exit 0
fi
python3 bench/write_section.py evidence "$table" docs/BENCHMARKS.md scripts/bench-evidence.sh

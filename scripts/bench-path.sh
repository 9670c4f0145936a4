#!/usr/bin/env bash
# Measures the confidential path and writes its section of docs/BENCHMARKS.md: scripts/bench-path.sh [--rounds N]
# [--seconds N] [--print]. Wants an idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory release >/dev/null
cmake --build build/release --target benches >/dev/null
[ -f models/minilm/model.safetensors ] || scripts/fetch-model.sh minilm models/minilm
exec python3 bench/path.py "$@"

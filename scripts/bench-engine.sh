#!/bin/bash
# The bare engine beside onnxruntime: builds, measures, and writes the engine section of docs/BENCHMARKS.md.
#   scripts/bench-engine.sh [--model-dir DIR] [--rounds N] [--no-write] [more options of bench/bench_engine.py]
# Fetches the model if it is not there; needs python3 with venv, and takes onnxruntime, onnx and numpy from PyPI.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
model=${EML_MODEL_DIR:-$root/models/minilm} rounds=9 write=1 more=()
while [ $# -gt 0 ]; do
    case $1 in
    --model-dir) model=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    --no-write) write=0; shift ;;
    *) more+=("$1"); shift ;;
    esac
done
[ -f "$model/model.safetensors" ] || "$root/scripts/fetch-model.sh" minilm "$model"

build=$root/build/release
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
ninja -C "$build" bench_engine >/dev/null
venv=${EML_BENCH_VENV:-$root/build/bench-venv}
if ! "$venv/bin/python" -c 'import onnxruntime, onnx, numpy' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q onnxruntime onnx numpy
fi
table=$(mktemp)
trap 'rm -f "$table"' EXIT
"$venv/bin/python" "$root/bench/bench_engine.py" --model-dir "$model" --engine "$build/bench/bench_engine" \
    --rounds "$rounds" --out "$table" "${more[@]}"
[ "$write" = 1 ] || exit 0
"$venv/bin/python" "$root/bench/write_section.py" engine "$table" "$root/docs/BENCHMARKS.md" "${EML_BENCH_COMMAND:-scripts/bench-engine.sh --rounds $rounds}"

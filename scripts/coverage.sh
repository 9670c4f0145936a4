#!/usr/bin/env bash
# Sums up the coverage of a build of the cov lane after its tests: scripts/coverage.sh [BUILD_DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/cov}
command -v gcovr >/dev/null || { echo "coverage.sh: gcovr is not installed; run: sudo apt-get install gcovr" >&2; exit 1; }
gcovr --root . --filter 'src/' --exclude-unreachable-branches --object-directory "$build" \
    --txt "$build/coverage.txt" --html-details "$build/coverage.html"
cat "$build/coverage.txt"
echo "coverage.sh: lines of each file in $build/coverage.html"

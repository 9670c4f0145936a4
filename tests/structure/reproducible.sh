#!/usr/bin/env bash
# The same source in two folders of different path gives the same programs, byte for byte.
set -euo pipefail
source_dir=${EML_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build_in() {
    mkdir -p "$1"
    (cd "$source_dir" && tar --exclude=./build --exclude=./models --exclude=./.git -cf - .) | tar -xf - -C "$1"
    (cd "$1" && cmake --preset release >configure.log && cmake --build --preset release >build.log) ||
        { tail -20 "$1"/*.log; echo "reproducible: the build in $1 failed"; exit 1; }
}

first=$work/a second=$work/a/much/longer/path-to/the.same.source
build_in "$first"
build_in "$second"
n=0
for program in "$first"/build/release/bin/*; do
    name=${program##*/}
    cmp "$program" "$second/build/release/bin/$name" || { echo "reproducible: $name differs"; exit 1; }
    if strings -a "$program" | grep -qF "$work"; then
        echo "reproducible: $name holds the path of its build folder"
        exit 1
    fi
    sha256sum "$program" | sed "s|$first/build/release/bin/||"
    n=$((n + 1))
done
[ "$n" -gt 0 ] || { echo "reproducible: no program was built"; exit 1; }
echo "reproducible: $n programs are identical"

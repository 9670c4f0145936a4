#!/bin/bash
# Builds the repro program with several compilers and levels and runs each: one hash for each text, whatever the
# threads, the batch, the kernels, the compiler. A build with -Ofast must differ, or the test has no teeth.
#   tests/repro/matrix.sh [FOLDER FOR OBJECTS]
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/build/repro}
gcc=${EML_GCC:-gcc} clang=${EML_CLANG:-clang-14} cross=${EML_CROSS:-aarch64-linux-gnu-gcc} qemu=${EML_QEMU:-qemu-aarch64}
common="-std=c17 -D_GNU_SOURCE -I$root/src -I$root/tests -ffp-contract=off -fno-math-errno"
sources=$(cd "$root" && ls src/engine/bert.c src/engine/bert_load.c src/engine/bert_names.c src/engine/bert_ranges.c \
    src/engine/bert_work.c src/engine/bert_forward.c src/engine/kern_*.c src/base/pool.c src/base/clock.c \
    src/base/status.c src/base/arena.c src/base/bytes.c tests/support/tiny_bert.c tests/repro/repro.c)
failed=0

isa_flags() { # FILE
    [ "$(uname -m)" = x86_64 ] || return 0
    case $1 in
    *kern_avx2.c) echo -mavx2 -mfma -mf16c ;;
    *kern_avx512.c) echo -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma -mf16c -mprefer-vector-width=512 ;;
    esac
}

# Objects are kept from one run to the next: only what has changed is compiled again.
build() { # NAME "COMPILER AND LEVEL" IS_NATIVE LINK FLAGS...
    local name=$1 compile=$2 native=$3 source object objects=() jobs=() stale
    shift 3
    mkdir -p "$out/$name" || return 1
    for source in $sources; do
        object=$out/$name/$(basename "$source").o
        objects+=("$object")
        stale=1
        [ "$object" -nt "$root/$source" ] && [ -z "$(find "$root/src/engine" "$root/src/base" "$root/tests/repro" \
            "$root/tests/support" \( -name '*.h' -o -name '*.inc' \) -newer "$object" -print -quit)" ] && stale=0
        [ $stale = 0 ] && continue
        # shellcheck disable=SC2046,SC2086
        $compile $common $([ "$native" = 1 ] && isa_flags "$source") -c "$root/$source" -o "$object" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job" || return 1
    done
    ${compile%% *} "${objects[@]}" -o "$out/$name/repro" "$@" -lm -lpthread
}

expect_same() { # NAME COMMAND...
    local name=$1
    shift
    echo "== $name"
    "$@" || { echo "FAIL: $name differs"; failed=1; }
}

case_native() { # NAME "COMPILER AND LEVEL"
    build "$1" "$2" 1 || { echo "FAIL: $1 does not build"; failed=1; return; }
    expect_same "$1" "$out/$1/repro"
}

case_native gcc-O1 "$gcc -O1"
case_native gcc-O3 "$gcc -O3"
if command -v "$clang" >/dev/null; then
    case_native clang-O2 "$clang -O2"
else
    echo "SKIP: $clang is not installed, so clang's bits were not compared"
fi

if build gcc-Ofast "$gcc -Ofast" 1 -Ofast; then
    "$out/gcc-Ofast/repro" --print >"$out/ofast.txt"
    "$out/gcc-O1/repro" --print >"$out/o1.txt"
    echo "== gcc-Ofast"
    if cmp -s "$out/ofast.txt" "$out/o1.txt"; then
        echo "FAIL: -Ofast gives the same bits, so this test would not notice a change"
        failed=1
    else
        echo "repro: -Ofast differs, as it must"
    fi
else
    echo "FAIL: gcc-Ofast does not build"
    failed=1
fi

if command -v "$cross" >/dev/null && command -v "$qemu" >/dev/null; then
    if build aarch64-O2 "$cross -O2" 0 -static; then
        expect_same aarch64-O2 "$qemu" "$out/aarch64-O2/repro" --quick
    else
        echo "FAIL: aarch64 does not build"
        failed=1
    fi
else
    echo "SKIP: $cross or $qemu is not installed, so NEON's bits were not compared"
fi
exit $failed

#!/usr/bin/env bash
# Installs what the build and the tests need: scripts/setup.sh [--quiet] [--no-model]
# Does nothing, and needs no network, when everything is there. Debian 12 and Ubuntu 24.04.
set -euo pipefail
cd "$(dirname "$0")/.."

# The one list of packages. Left: to build. Right: to test as well.
build_packages=(gcc libc6-dev make cmake ninja-build pkg-config libssl-dev libjansson-dev libseccomp-dev
    libxml2-dev libxmlsec1-dev)
test_packages=(clang-14 libclang-rt-14-dev libcmocka-dev binutils python3 python3-pip
    python3-cryptography python3-cbor2 gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user git
    ca-certificates scdoc)
want=("${build_packages[@]}" "${test_packages[@]}")

quiet=no model=yes
for word in "$@"; do
    case $word in
    --quiet) quiet=yes ;;
    --no-model) model=no ;;
    --list) printf '%s\n' "${want[@]}"; exit 0 ;;
    *) echo "setup.sh: unknown option $word; see the head of scripts/setup.sh" >&2; exit 2 ;;
    esac
done
say() { [ "$quiet" = yes ] || echo "setup: $*"; }
die() { echo "setup.sh: $1" >&2; exit 1; }

command -v dpkg-query >/dev/null || die "this is not Debian or Ubuntu; install by hand: ${want[*]}"

missing() {
    local package
    for package in "${want[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | cut -c2)" = i ] || echo "$package"
    done
}

install_packages() {
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "packages are missing and you are not root; run as root: apt-get install --no-install-recommends $*"
        say "using sudo to install packages"
        root=(sudo)
    fi
    say "installing: $*"
    export DEBIAN_FRONTEND=noninteractive
    "${root[@]}" apt-get -q update >/dev/null ||
        die "apt-get update failed: check the network and /etc/apt/sources.list, then run again"
    "${root[@]}" apt-get -q -y install --no-install-recommends "$@" </dev/null >build/setup.log 2>&1 || {
        tail -20 build/setup.log >&2
        die "apt-get install failed: the log is in build/setup.log; check the network and run again"
    }
}

mkdir -p build
# shellcheck disable=SC2207  # names of packages hold no spaces, and a bare root may have no /dev/fd
need=($(missing))
if [ ${#need[@]} -gt 0 ]; then
    install_packages "${need[@]}"
fi
say "packages are there"
if [ "$model" = yes ]; then
    scripts/fetch-model.sh minilm models/minilm
    say "the model is in models/minilm"
fi

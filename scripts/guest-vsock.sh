#!/usr/bin/env bash
# The whole path over AF_VSOCK in a real guest: scripts/guest-vsock.sh
# Boots a Debian kernel under QEMU (no KVM needed), in which enclave, relay and client talk over vsock
# addresses alone, and compares the embeddings with the engine's here. A lane of its own; exit 77 when QEMU
# or a kernel is absent. EML_GUEST_KERNEL: an unpacked linux-image package (boot/, lib/); without it the
# package is downloaded from the distribution. Needs: apt-get install qemu-system-x86 cpio
set -euo pipefail
cd "$(dirname "$0")/.."
work=build/guest bin=build/static/bin seconds=${EML_GUEST_SECONDS:-300}
skip() { echo "guest-vsock: SKIP: $1"; exit 77; }
die() { echo "guest-vsock.sh: $1" >&2; exit 1; }

command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
command -v cpio >/dev/null || skip "no cpio"
rm -rf "$work"/{tree,model,sign.key} && mkdir -p "$work"/{kernel,tree/bin,tree/modules,tree/proc,tree/dev}

kernel=${EML_GUEST_KERNEL:-$work/kernel}
if [ ! -d "$kernel/boot" ]; then
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\)/\1/p' | head -1)
    [ -n "$package" ] || skip "no package linux-image-cloud-amd64"
    (cd "$work" && apt-get -q download "$package" >/dev/null 2>&1) || skip "$package cannot be downloaded"
    dpkg -x "$work/$package"_*.deb "$kernel" && rm -f "$work/$package"_*.deb
fi

cmake --preset static >/dev/null
cmake --build --preset static >"$work/build.log" 2>&1 || die "the static build failed; the log is in $work/build.log"
gcc -std=gnu17 -Wall -Wextra -Werror -O2 -static -o "$work/tree/init" tests/guest/init.c
for program in eml eml-host eml-enclave-sim; do
    strip -o "$work/tree/bin/$program" "$bin/$program"
done
for module in vsock vmw_vsock_virtio_transport_common vsock_loopback; do
    find "$kernel/lib/modules" -name "$module.ko" -exec cp {} "$work/tree/modules/" \;
done

# A model of a few kilobytes: what is asked here is whether the bytes go through.
python3 -c "import sys; sys.path.insert(0, 'tests/integration'); import _tiny_model; _tiny_model.make('$work/model')"
"$bin/eml" keygen --out "$work/sign.key" --json >"$work/keygen.json" 2>"$work/pack.log"
publisher=$(sed -n 's/.*"public_key":"\([0-9a-f]*\)".*/\1/p' "$work/keygen.json")
"$bin/eml" model pack --model-dir "$work/model" --id tiny --version 1 --sign-key "$work/sign.key" \
    --out "$work/tree/m.pkg" >>"$work/pack.log" 2>&1 || die "the model was not packed; see $work/pack.log"
for i in $(seq 200); do echo "the patient is well $i ."; done >"$work/tree/texts"
cat >"$work/tree/enclave.json" <<JSON
{ "listen": "vsock:any:5000", "service": "guest", "state_dir": "state", "threads": 2,
  "model": { "package": "m.pkg", "publisher_key": "$publisher", "key_file": "m.pkg.key" } }
JSON
echo '{ "listen": "vsock:any:6000", "upstream": "vsock:1:5000" }' >"$work/tree/host.json"
echo '{ "connect": "vsock:1:6000", "policy": "state/sim-policy.json" }' >"$work/tree/client.json"
(cd "$work/tree" && find . | cpio -o -H newc -R 0:0 --quiet) | gzip -1 >"$work/initramfs.gz"

started=$SECONDS
timeout "$seconds" qemu-system-x86_64 -M q35 -cpu max -m 1024 -smp 2 -nographic -no-reboot -nic none \
    -kernel "$kernel"/boot/vmlinuz-* -initrd "$work/initramfs.gz" \
    -append "console=ttyS0 quiet panic=-1" </dev/null >"$work/console.log" 2>&1 ||
    die "the guest did not end in $seconds s; its console is in $work/console.log"
grep -q 'guest: the client ended with 0' "$work/console.log" ||
    { tail -30 "$work/console.log" >&2; die "the client failed; the console is in $work/console.log"; }
digests() { grep -o '"sha256":"[0-9a-f]*"' "$1"; }
"$bin/eml" local embed --model-dir "$work/model" --json --lines "$work/tree/texts" >"$work/here.json"
[ "$(digests "$work/console.log")" = "$(digests "$work/here.json")" ] || die "the embeddings differ from the engine's here"
echo "guest-vsock: $(digests "$work/here.json" | wc -l) embeddings over vsock in a guest, the same bits; $((SECONDS - started)) s"

#!/usr/bin/env bash
# The whole way once, narrated: set-up, build, model, keys, package, enclave (simulated), signed policy, relay, session,
# embedding, receipt, verification, tampering, replay. Everything it makes lies in build/demo; what it starts, it stops.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -eq 0 ] || { echo "usage: scripts/demo.sh" >&2; exit 2; }
bin=build/release/bin demo=build/demo
text="The biopsy of patient 4711 was negative; discharge on Monday."
pids=()

bold= plain= green=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ -z "${CI:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m') green=$(printf '\033[32m')
fi
step=0
say() { step=$((step + 1)); printf '\n%s%d. %s%s\n' "$bold" "$step" "$1" "$plain"; [ $# -lt 2 ] || printf '   %s\n' "${@:2}"; }
# A command as one would type it.
show() {
    local word line=
    for word in "$@"; do
        case $word in
        *[!a-zA-Z0-9_./:=,+-]*) line+=" \"$word\"" ;;
        *) line+=" $word" ;;
        esac
    done
    printf '   $%s\n' "$line"
}
# Runs a command, shown and indented, only the lines that match $lines; its exit code is kept.
lines=.
run() { show "$@"; "$@" 2>&1 | { grep -E -e "$lines" || true; } | cut -c1-150 | sed 's/^/   /'; }
die() { printf '\ndemo.sh: %s\n' "$1" >&2; exit 1; }

stop_all() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    pids=()
}
trap stop_all EXIT
trap 'exit 130' INT TERM

# start NAME READY_TEXT COMMAND...: runs it in the background and waits until its log says that it is ready
start() {
    local name=$1 ready=$2 log=$demo/$1.log
    shift 2
    show "$@"
    "$@" >"$log" 2>&1 </dev/null &
    pids+=($!)
    for _ in $(seq 600); do
        grep -q "$ready" "$log" && return 0
        kill -0 "$!" 2>/dev/null || { tail -5 "$log" >&2; die "$name ended; its log is $log"; }
        sleep 0.1
    done
    die "$name was not ready in a minute; its log is $log"
}
listens_at() { sed -n 's/.*"listen":"tcp:127\.0\.0\.1:\([0-9]*\)".*/\1/p' "$demo/$1.log" | tail -1; }
# expect CODE COMMAND...
expect() {
    local want=$1 got=0
    shift
    run "$@" || got=$?
    [ "$got" -eq "$want" ] || die "expected exit code $want, got $got"
    printf '   %s(exit code %d, as it should be)%s\n' "$green" "$got" "$plain"
}

say "Set-up" "Packages that are missing, and a real model: all-MiniLM-L6-v2, checked against a pinned hash."
scripts/setup.sh

say "Build" "make release; the programs are in $bin"
mkdir -p build
make --no-print-directory release >build/demo-build.log 2>&1 || { tail -30 build/demo-build.log; die "the build failed"; }
ls -l $bin | awk 'NR > 1 {printf "   %-18s %9d bytes\n", $NF, $5}'
rm -rf "$demo"
mkdir -p "$demo"

say "The publisher signs and encrypts the model" \
    "Weights, tokenizer and configuration become one file. Its manifest is signed; its key stays with the publisher."
run $bin/eml keygen --out $demo/publisher.key --json | tee $demo/keygen.out
publisher=$(sed -n 's/.*"public_key":"\([0-9a-f]*\)".*/\1/p' $demo/keygen.out)
run $bin/eml model pack --model-dir models/minilm --id minilm-l6-v2 --version 1 --sign-key $demo/publisher.key --out $demo/minilm.pkg
expect 0 $bin/eml model verify --public-key "$publisher" $demo/minilm.pkg

say "An enclave starts" \
    "SIMULATED here: the same program as on real hardware, on a platform that protects nothing and says so." \
    "It loads the encrypted package, and writes the policy of a client that accepts exactly this build and model."
cat >$demo/enclave.json <<JSON
{ "listen": "unix:$demo/enclave.sock", "service": "demo", "threads": 2, "state_dir": "state",
  "model": { "package": "minilm.pkg", "publisher_key": "$publisher", "min_version": 1, "key_file": "minilm.pkg.key" } }
JSON
mkdir -p -m 700 $demo/state
start enclave '"ready"' $bin/eml-enclave-sim --config $demo/enclave.json --policy-out $demo/policy.json

say "The policy is signed" \
    "The client pins its signer: nobody else can change what it accepts, and an older version can be told from a newer one."
sed 's/"version":1/&,"serial":1/' $demo/policy.json >$demo/to-sign.json
run $bin/eml keygen --out $demo/signer.key
expect 0 $bin/eml policy sign --policy $demo/to-sign.json --sign-key $demo/signer.key --out $demo/policy.cose --json | tee $demo/sign.out
signer=$(sed -n 's/.*"signer":"\([0-9a-f]*\)".*/\1/p' $demo/sign.out)

say "A host stands in front" \
    "It is not trusted: it copies bytes. It could not read them if it wanted to, for it links no cipher:"
echo "{ \"listen\": \"tcp:127.0.0.1:0\", \"upstream\": \"unix:$demo/enclave.sock\" }" >$demo/host.json
start host '"ready"' $bin/eml-host --config $demo/host.json
printf '   symbols of ciphers in eml-host: %s\n' "$(nm $bin/eml-host | grep -ciE 'aead_|hpke_|EVP_' || true)"
echo "   and somebody taps the wire between client and host:"
start wiretap 'listening' python3 scripts/wiretap.py "$(listens_at host)" $demo/wiretap.bin
wire=$(sed -n 's/listening on \([0-9]*\)/\1/p' $demo/wiretap.log)

say "The client verifies first" \
    "It sends nothing but a nonce before the evidence is accepted: signature, root, measurements, service, model, freshness."
echo "{ \"connect\": \"tcp:127.0.0.1:$wire\", \"policy\": \"policy.cose\", \"policy_key\": \"$signer\", \"state\": \"seen.json\" }" >$demo/client.json
expect 0 $bin/eml attest --config $demo/client.json

say "A real text goes through" "\"$text\""
expect 0 $bin/eml embed --config $demo/client.json --text "$text" --receipt $demo/receipt.cbor --save-evidence $demo/evidence
printf '   the wiretap has %s bytes; the word "patient" is in them %s times\n' \
    "$(stat -c %s $demo/wiretap.bin)" "$(grep -ac patient $demo/wiretap.bin || true)"

say "The same text through the engine alone" "No enclave, the plain model folder: the digest of the vector is the same."
run $bin/eml local embed --model-dir models/minilm --text "$text"

say "The auditor verifies the receipt" "One static program, no network; the exact request and response bytes belong to it."
receipt=($bin/eml-verify receipt $demo/receipt.cbor --evidence $demo/evidence/evidence.bin --policy $demo/policy.cose
    --policy-key "$signer" --request $demo/evidence/request-0001.cbor --response $demo/evidence/response-0001.cbor)
expect 0 "${receipt[@]}"

say "One bit of the receipt is flipped" "The model's name changes by one bit, and the signature no longer holds."
at=$(grep -abo minilm $demo/receipt.cbor | head -1 | cut -d: -f1)
byte=$(od -An -tu1 -j "$at" -N 1 $demo/receipt.cbor)
cp $demo/receipt.cbor $demo/tampered.cbor
printf "\\x$(printf %02x $((byte ^ 1)))" | dd of=$demo/tampered.cbor bs=1 seek="$at" conv=notrunc status=none
receipt[2]=$demo/tampered.cbor
lines='FAIL|verdict'
expect 10 "${receipt[@]}"
lines=.

say "Replay" "The request is executed again from the plain model: every bit of the response must come out the same."
expect 0 $bin/eml replay --receipt $demo/receipt.cbor --request $demo/evidence/request-0001.cbor \
    --response $demo/evidence/response-0001.cbor --model-dir models/minilm --key "$(cat $demo/evidence/receipt-key.hex)"

say "Everything is stopped" "Files to look at: $demo. Next: README.md, docs/ARCHITECTURE.md."
stop_all
printf '\n%sDemo complete.%s\n' "$green" "$plain"

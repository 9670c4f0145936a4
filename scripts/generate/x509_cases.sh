#!/usr/bin/env bash
# Makes tests/data/x509: a root and leaves that the project's own issuer cannot make.
# Usage: scripts/generate/x509_cases.sh OUTPUT-FOLDER
set -euo pipefail
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

key() { openssl ecparam -name "$1" -genkey -noout -out "$work/$2.key"; }

# leaf NAME CURVE DIGEST KEY-USAGE
leaf() {
    key "$2" "$1"
    openssl req -new -key "$work/$1.key" -subj "/CN=$1" -out "$work/$1.csr"
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,%s\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' \
        "$4" >"$work/$1.ext"
    openssl x509 -req -in "$work/$1.csr" -CA "$out/root.pem" -CAkey "$work/root.key" -days 36500 "-$3" \
        -set_serial 0x1234 -extfile "$work/$1.ext" -out "$out/$1.pem" 2>/dev/null
}

key prime256v1 root
openssl req -x509 -new -key "$work/root.key" -sha256 -days 36500 -subj /CN=root \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out "$out/root.pem"
leaf good prime256v1 sha256 digitalSignature
leaf sha512 prime256v1 sha512 digitalSignature
leaf sha224 prime256v1 sha224 digitalSignature
leaf agreement prime256v1 sha256 keyAgreement
leaf p521 secp521r1 sha256 digitalSignature
leaf k256 secp256k1 sha256 digitalSignature

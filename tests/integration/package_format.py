"""A second reader of packages, written from docs/PACKAGE.md alone: what our writer makes is what that page says."""
import hashlib
import struct

import _tiny_model
from _eml import Place, Skip, equal, expect, main

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    AESGCM = None

MIB = 1 << 20


def head(kind, n):
    """The head of a CBOR item in its shortest form."""
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if n < 24:
            return bytes([kind << 5 | n])
        if n < 1 << 8 * size:
            return bytes([kind << 5 | code]) + n.to_bytes(size, "big")
    raise ValueError(n)


def encode(v):
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(encode, v))
    return head(5, len(v)) + b"".join(encode(k) + encode(v[k]) for k in v)


def decode(data, at=0):
    kind, low = data[at] >> 5, data[at] & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
    n = int.from_bytes(data[at + 1:at + 1 + size], "big") if size else low
    at += 1 + size
    if kind in (0, 1):
        return (n if kind == 0 else -1 - n), at
    if kind in (2, 3):
        raw = data[at:at + n]
        return (raw if kind == 2 else raw.decode()), at + n
    items = []
    for _ in range({4: n, 5: 2 * n, 6: 1}[kind]):
        item, at = decode(data, at)
        items.append(item)
    if kind == 5:
        return dict(zip(items[::2], items[1::2])), at
    return (items if kind == 4 else items[0]), at


def tree(leaves):
    """RFC 9162 section 2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def read_manifest(package, public_key):
    """Sections 2 and 3. Returns the payload's map, its digest, the wrapped key and where the files begin."""
    equal(package[:8], bytes.fromhex("89454d4c504b470a"), "magic")
    version, wrapped, manifest = struct.unpack(">HHI", package[8:16])
    equal(version, 1, "format")
    signed = package[16:16 + manifest]
    (protected, unprotected, payload, signature), end = decode(signed)
    equal((end, signed[0], unprotected), (manifest, 0xD2, {}), "COSE_Sign1")
    equal(protected, encode({1: -8, 3: "application/eml-model-manifest+cbor"}), "protected header")
    to_be_signed = encode(["Signature1", protected, b"", payload])
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, to_be_signed)
    m, _ = decode(payload)
    equal(encode(m), payload, "deterministic form")
    begin = 16 + manifest + wrapped
    return m, hashlib.sha256(payload).digest(), package[begin - wrapped:begin], begin


def unwrap(wrapped, key, digest, key_id):
    """Section 5."""
    equal((len(wrapped), wrapped[:2]), (62, b"\x01\x02"), "wrapped key")
    equal(key_id, "local:" + hashlib.sha256(b"eml-encryption-key-id-v1" + key).hexdigest()[:16], "key id")
    return AESGCM(key).decrypt(wrapped[2:14], wrapped[14:], b"eml-keywrap-v1" + digest)


def piece(dek, digest, sealed, file, kind, index, last):
    """Section 4."""
    nonce = struct.pack(">HBQB", file, kind, index, last)
    return AESGCM(dek).decrypt(nonce, sealed, b"eml-package-chunk-v1" + digest + nonce)


def read_files(package, m, digest, dek, at):
    files = {}
    for number, f in enumerate(m[9], 1):
        size, count = f[2], -(-f[2] // MIB)
        leaves = piece(dek, digest, package[at:at + 32 * count + 16], number, 1, 0, 1)
        at += 32 * count + 16
        content = b""
        for i in range(count):
            n = min(MIB, size - i * MIB) + 16
            chunk = piece(dek, digest, package[at:at + n], number, 2, i, int(i + 1 == count))
            equal(leaves[32 * i:32 * i + 32], hashlib.sha256(b"\0" + chunk).digest(), "leaf")
            content += chunk
            at += n
        equal(hashlib.sha256(content).digest(), f[3], "SHA-256")
        equal(tree([leaves[i:i + 32] for i in range(0, len(leaves), 32)]), f[4], "Merkle root")
        files[f[1]] = content
    equal(at, len(package), "length")
    return files


def test_a_reader_from_the_page_alone():
    if AESGCM is None:
        raise Skip("Python has no module cryptography: apt-get install python3-cryptography")
    with Place() as place:
        _tiny_model.make(place.path("model"))
        public = bytes.fromhex(place.run("eml", "keygen", "--out", "sign.key").out.strip())
        # Some white space makes the tokenizer three chunks long.
        text = place.read("model", "tokenizer.json") + b" " * (2 * MIB + 77)
        place.write("model/tokenizer.json", text)
        shown = place.run("eml", "model", "pack", "--model-dir", "model", "--id", "tiny", "--version", 9, "--sign-key", "sign.key",
                          "--out", "m.pkg", "--dtypes", "F32", "--max-tokens", 40, "--json").json()
        package = place.read("m.pkg")
        m, digest, wrapped, begin = read_manifest(package, public)
        equal((m[1], m[2], m[3], m[6]), ("eml-model-manifest-v1", "tiny", 9, public))
        equal((m[7], m[8], m[10]), ({1: 2, 2: MIB, 3: shown["key_id"]}, {1: 40, 2: ["F32"]}, "stream-rfc9162-sha256-v1"))
        equal((shown["manifest_digest"], shown["publisher"]), (digest.hex(), public.hex()))
        content = encode(["eml-model-content-v1", *[[f[1], f[2], f[4]] for f in m[9]]])
        equal(shown["model_hash"], hashlib.sha256(content).hexdigest(), "model hash")
        key = bytes.fromhex(place.read("m.pkg.key").decode().removeprefix("eml-encryption-key-v1 ").strip())
        dek = unwrap(wrapped, key, digest, shown["key_id"])
        files = read_files(package, m, digest, dek, begin)
        equal(sorted(files), sorted(f[1] for f in m[9]))
        for name, found in files.items():
            equal(found == place.read("model", name), True, name)
        try:
            piece(dek, digest, package[-16 - m[9][-1][2] % MIB:], len(m[9]), 2, 2, 0)
            expect(False, "the last chunk opened as one that is not the last")
        except InvalidTag:
            pass


main()

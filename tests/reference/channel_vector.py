"""A second implementation of docs/PROTOCOL.md, sections 1 to 5: writes tests/vectors/channel/version-1.txt.

    python3 tests/reference/channel_vector.py >tests/vectors/channel/version-1.txt        (needs the package cryptography)

Everything random is fixed, so that the C code can be held against each value (tests/unit/channel/test_vector.c).
"""
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SUITES = {1: (2, AESGCM), 2: (3, ChaCha20Poly1305)}  # suite: HPKE's AEAD id, cipher


def lp(x):
    return struct.pack(">I", len(x)) + x


def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def expand(prk, info, n):
    out, block = b"", b""
    for i in range(1, 255):
        if len(out) >= n:
            break
        block = hmac.digest(prk, block + info + bytes([i]), "sha256")
        out += block
    return out[:n]


def extract(salt, ikm):
    return hmac.digest(salt or bytes(32), ikm, "sha256")


class Hpke:
    """RFC 9180 base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256: the sender's side, up to the exporter."""

    def __init__(self, aead_id, ephemeral, recipient_public, info):
        self.suite = b"HPKE" + struct.pack(">HHH", 0x20, 1, aead_id)
        kem = b"KEM" + struct.pack(">H", 0x20)
        self.enc = raw(ephemeral)
        dh = ephemeral.exchange(recipient_public)
        eae = self.labeled_extract(kem, b"", b"eae_prk", dh)
        shared = self.labeled_expand(kem, eae, b"shared_secret", self.enc + recipient_public.public_bytes(
            Encoding.Raw, PublicFormat.Raw), 32)
        context = (b"\0" + self.labeled_extract(self.suite, b"", b"psk_id_hash", b"") +
                   self.labeled_extract(self.suite, b"", b"info_hash", info))
        secret = self.labeled_extract(self.suite, shared, b"secret", b"")
        self.exporter = self.labeled_expand(self.suite, secret, b"exp", context, 32)

    @staticmethod
    def labeled_extract(suite, salt, label, ikm):
        return extract(salt, b"HPKE-v1" + suite + label + ikm)

    @staticmethod
    def labeled_expand(suite, prk, label, info, n):
        return expand(prk, struct.pack(">H", n) + b"HPKE-v1" + suite + label + info, n)

    def export(self, context):
        return self.labeled_expand(self.suite, self.exporter, b"sec", context, 32)


def transcript(*fields):
    return hashlib.sha256(lp(b"eml-channel-v1") + b"".join(lp(name) + lp(body) for name, body in fields)).digest()


def frame(kind, payload):
    return b"EM\x01" + bytes([kind]) + struct.pack(">I", len(payload)) + payload


class Records:
    """One direction of a session."""

    def __init__(self, cipher, secret):
        self.cipher, self.sequence = cipher, 0
        self.set(secret)

    def set(self, secret):
        self.secret = secret
        self.aead = self.cipher(expand(secret, b"eml-channel-v1 key", 32))
        self.iv = expand(secret, b"eml-channel-v1 iv", 12)

    def seal(self, kind, plain):
        header = struct.pack(">BBIQ", kind, 0, len(plain) + 16, self.sequence)
        nonce = bytes(a ^ b for a, b in zip(self.iv, bytes(4) + struct.pack(">Q", self.sequence)))
        self.sequence += 1
        return header + self.aead.encrypt(nonce, plain, header)

    def data(self, stream, message, flags, body, padding=0):
        return self.seal(0x80, struct.pack(">IBBH", stream, message, flags, padding) + body + bytes(padding))

    def update(self):
        record = self.seal(0x81, b"")
        self.set(expand(self.secret, b"eml-channel-v1 next", 32))
        return record

    def close(self, reason):
        return self.seal(0x82, bytes([reason]))


def put(name, value):
    print(name, value.hex())


def one(suite):
    def name(what):
        return f"suite{suite}.{what}"
    aead_id, cipher = SUITES[suite]
    identity = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    recipient = X25519PrivateKey.from_private_bytes(bytes([2]) * 32)
    ephemeral = X25519PrivateKey.from_private_bytes(bytes([3]) * 32)
    evidence = b"evidence of the example"
    hello = frame(1, bytes(range(32)) + struct.pack(">I", 1 << 24) + b"\x02\x00\x01\x00\x02" + b"\x02\x00\x01")
    unsigned = frame(2, bytes(46 + len(evidence) + 64))[:8] + struct.pack(
        ">HBB32sIHI", suite, 0, 2, raw(recipient), 1 << 24, 64, len(evidence)) + evidence
    t1 = transcript((b"client-hello", hello), (b"server-hello-unsigned", unsigned))
    answer = unsigned + identity.sign(lp(b"eml-channel-v1 server signature") + lp(t1))
    both = [(b"client-hello", hello), (b"server-hello", answer)]
    t2 = transcript(*both)
    hpke = Hpke(aead_id, ephemeral, recipient.public_key(), t2)
    unconfirmed = frame(3, bytes(64))[:8] + hpke.enc
    t3 = transcript(*both, (b"client-key-unconfirmed", unconfirmed))
    key = unconfirmed + hmac.digest(hpke.export(b"eml-channel-v1 client confirm"), t3, "sha256")
    t4 = transcript(*both, (b"client-key", key))
    done = frame(4, hmac.digest(hpke.export(b"eml-channel-v1 server confirm"), t4, "sha256"))
    for what, value in [("client_hello", hello), ("server_hello", answer), ("client_key", key), ("server_done", done),
                        ("t1", t1), ("t2", t2), ("t3", t3), ("t4", t4),
                        ("session_id", hpke.export(b"eml-channel-v1 session id"))]:
        put(name(what), value)
    up = Records(cipher, hpke.export(b"eml-channel-v1 client traffic"))
    down = Records(cipher, hpke.export(b"eml-channel-v1 server traffic"))
    put(name("up"), up.data(1, 1, 3, b"question") + up.update() + up.data(2, 1, 1, b"padded", 10) + up.close(0))
    put(name("down"), down.data(1, 2, 1, b"answer") + down.data(1, 3, 3, b"receipt") + down.close(8))


for number in SUITES:
    one(number)

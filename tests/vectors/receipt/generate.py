#!/usr/bin/env python3
"""Writes the receipt vectors beside this script: valid/*.json and invalid/*.json.

    python3 tests/vectors/receipt/generate.py          # needs python3-cryptography

An encoder of its own, which can also write what a deterministic one never would. Everything follows
from the seed below, so a second run changes nothing. The form is that of the published AIR v1 vectors;
verify_policy has more members: at_unix, public_key_hex (when another key is to be used), and so on.
"""
import json
import os
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = bytes([0x2A]) * 32
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
PROTECTED = bytes.fromhex("a2012703183d")
PROFILE = "https://spec.cyntrisec.com/air/v1"
IAT = 1740500000


# CBOR, with the freedom to be wrong.
def head(major, value, width=None):
    """width: None for the shortest form, or the number of argument bytes (0, 1, 2, 4, 8)."""
    if width is None:
        width = 0 if value < 24 else 1 if value < 1 << 8 else 2 if value < 1 << 16 else 4 if value < 1 << 32 else 8
    if width == 0:
        return bytes([major << 5 | value])
    info = {1: 24, 2: 25, 4: 26, 8: 27}[width]
    return bytes([major << 5 | info]) + value.to_bytes(width, "big")


def uint(v, width=None):
    return head(0, v, width)


def integer(v):
    return head(0, v) if v >= 0 else head(1, -1 - v)


def bstr(v, width=None):
    return head(2, len(v), width) + v


def tstr(v, width=None):
    v = v if isinstance(v, bytes) else v.encode()
    return head(3, len(v), width) + v


def cmap(pairs, width=None):
    return head(5, len(pairs), width) + b"".join(k + v for k, v in pairs)


def cmap_indefinite(pairs):
    return b"\xbf" + b"".join(k + v for k, v in pairs) + b"\xff"


def array(items):
    return head(4, len(items)) + b"".join(items)


def array_indefinite(items):
    return b"\x9f" + b"".join(items) + b"\xff"


NULL, TRUE = b"\xf6", b"\xf5"
FLOAT = b"\xfb" + struct.pack(">d", 1.0)

NITRO = [(f"pcr{i}", bstr(bytes([i + 1]) * 48)) for i in (0, 1, 2)]
TDX = [(f"pcr{i}", bstr(bytes([0x10 * (i + 1)]) * 48)) for i in range(5)]


def measurements(registers, kind="nitro-pcr", make=cmap):
    pairs = [(tstr(n), v) for n, v in registers]
    if kind is not None:
        pairs.append((tstr("measurement_type"), tstr(kind) if isinstance(kind, str) else kind))
    return make(pairs)


NAMES = {"iss": 1, "iat": 6, "cti": 7, "eat_nonce": 10, "eat_profile": 265, "model_id": -65537,
         "model_version": -65538, "model_hash": -65539, "request_hash": -65540, "response_hash": -65541,
         "attestation_doc_hash": -65542, "enclave_measurements": -65543, "policy_version": -65544,
         "sequence_number": -65545, "execution_time_ms": -65546, "memory_peak_mb": -65547,
         "security_mode": -65548, "model_hash_scheme": -65549}
ORDER = list(NAMES)
BASE = {"iss": tstr("example.org"), "iat": uint(IAT), "cti": bstr(bytes(range(1, 17))),
        "eat_profile": tstr(PROFILE), "model_id": tstr("minilm-l6-v2"), "model_version": tstr("1.0.0"),
        "model_hash": bstr(b"\xaa" * 32), "request_hash": bstr(b"\xbb" * 32),
        "response_hash": bstr(b"\xcc" * 32), "attestation_doc_hash": bstr(b"\xdd" * 32),
        "enclave_measurements": measurements(NITRO), "policy_version": tstr("policy-1"),
        "sequence_number": uint(42), "execution_time_ms": uint(116), "memory_peak_mb": uint(512),
        "security_mode": tstr("production")}
OPTIONAL = ("eat_nonce", "model_hash_scheme")


def pairs(drop=(), **changed):
    claims = dict(BASE, **changed)
    return [(integer(NAMES[n]), claims[n]) for n in ORDER if n in claims and n not in drop]


def sign(protected, payload, key=KEY):
    return key.sign(array([tstr("Signature1"), bstr(protected), bstr(b""), bstr(payload)]))


def message(payload, protected=PROTECTED, unprotected=cmap([]), sig=None, tag=head(6, 18), outer=array):
    sig = sign(protected, payload) if sig is None else sig
    return tag + outer([bstr(protected), unprotected, bstr(payload), bstr(sig)])


def receipt(**changed):
    return message(cmap(pairs(**changed)))


CASES = []


def valid(name, about, data, policy=None):
    CASES.append(("valid", name, {"name": name, "description": about, "public_key_hex": PUBLIC.hex(),
                                  "receipt_hex": data.hex(), "verify_policy": policy or {}}))


def invalid(name, about, layer, check, code, data, policy=None):
    CASES.append(("invalid", name, {"name": name, "description": about, "public_key_hex": PUBLIC.hex(),
                                    "receipt_hex": data.hex(), "verify_policy": policy or {},
                                    "expected_failure": {"layer": layer, "check": check, "code": code}}))


def decode_fails(name, about, payload, code="CLAIMS_DECODE_FAILED"):
    invalid(name, about, 1, "CLAIMS_DECODE", code, message(payload))


def not_cose(name, about, data):
    invalid(name, about, 1, "COSE_DECODE", "COSE_DECODE_FAILED", data)


def valid_cases():
    valid("minimal", "the sixteen required claims", receipt())
    valid("all-optional", "nonce and scheme as well", receipt(
        eat_nonce=bstr(bytes(range(32))), model_hash_scheme=tstr("sha256-manifest"),
        enclave_measurements=measurements(NITRO + [(f"pcr{i}", bstr(bytes([i]) * 48)) for i in (3, 4, 8)])))
    valid("tdx-five-registers", "MRTD and RTMR0..3", receipt(enclave_measurements=measurements(TDX, "tdx-mrtd-rtmr")))
    valid("tdx-zero-rtmr", "an RTMR that nothing was extended into", receipt(
        enclave_measurements=measurements(TDX[:2] + [("pcr2", bstr(bytes(48)))], "tdx-mrtd-rtmr")))
    valid("scheme-single", "model_hash_scheme sha256-single", receipt(model_hash_scheme=tstr("sha256-single")))
    valid("scheme-concat", "model_hash_scheme sha256-concat", receipt(model_hash_scheme=tstr("sha256-concat")))
    valid("nonce-shortest", "8 bytes", receipt(eat_nonce=bstr(bytes(8))), {"expected_nonce_hex": bytes(8).hex()})
    valid("nonce-longest", "64 bytes", receipt(eat_nonce=bstr(b"\x5a" * 64)), {"expected_nonce_hex": (b"\x5a" * 64).hex()})
    valid("text-longest", "texts at their limits", receipt(
        iss=tstr("i" * 256), model_id=tstr("m" * 256), model_version=tstr("v" * 128), policy_version=tstr("p" * 256)))
    valid("numbers-largest", "64-bit numbers", receipt(
        sequence_number=uint(2**64 - 1), execution_time_ms=uint(2**64 - 1), memory_peak_mb=uint(2**64 - 1)))
    valid("text-utf8", "a model id outside ASCII", receipt(model_id=tstr("modèle-模型")))
    valid("evaluation-allowed", "evaluation mode, which the caller allows", receipt(security_mode=tstr("evaluation")),
          {"allow_evaluation": True})
    valid("fresh-at-the-limit", "exactly as old as allowed", receipt(), {"at_unix": IAT + 3600, "max_age_secs": 3600})
    valid("skew-at-the-limit", "30 s in the verifier's future", receipt(), {"at_unix": IAT - 30})
    valid("all-expectations", "every expectation given and met", receipt(eat_nonce=bstr(b"\x07" * 16)), {
        "at_unix": IAT + 10, "max_age_secs": 60, "expected_nonce_hex": (b"\x07" * 16).hex(),
        "expected_model_hash_hex": "aa" * 32, "expected_request_hash_hex": "bb" * 32,
        "expected_response_hash_hex": "cc" * 32, "expected_attestation_doc_hash_hex": "dd" * 32,
        "expected_model_id": "minilm-l6-v2", "expected_platform": "nitro-pcr",
        "expected_security_mode": "production", "seen_cti_hex": "ff" * 16})


def envelope_cases():
    payload = cmap(pairs())
    sig = sign(PROTECTED, payload)
    good = receipt()
    not_cose("empty", "no byte at all", b"")
    not_cose("truncated-by-one", "the last byte is missing", good[:-1])
    not_cose("trailing-byte", "one byte behind the message", good + b"\x00")
    not_cose("two-receipts", "a second receipt behind the first", good + good)
    not_cose("untagged", "COSE_Sign1 without tag 18", good[1:])
    not_cose("tag-cose-mac0", "tag 17", message(payload, tag=head(6, 17)))
    not_cose("tag-twice", "tag 18 twice", head(6, 18) + good)
    not_cose("tag-not-shortest", "tag 18 in two bytes", message(payload, tag=head(6, 18, 1)))
    not_cose("outer-indefinite", "an array of indefinite length", message(payload, outer=array_indefinite))
    not_cose("outer-five", "five elements", message(payload, outer=lambda v: array(v + [NULL])))
    not_cose("outer-three", "three elements", message(payload, outer=lambda v: array(v[:3])))
    not_cose("payload-not-shortest", "the payload's length in four bytes",
             head(6, 18) + array([bstr(PROTECTED), cmap([]), bstr(payload, 4), bstr(sig)]))
    not_cose("payload-indefinite", "the payload in chunks",
             head(6, 18) + array([bstr(PROTECTED), cmap([]), b"\x5f" + bstr(payload) + b"\xff", bstr(sig)]))
    not_cose("payload-text", "the payload as a text string",
             head(6, 18) + array([bstr(PROTECTED), cmap([]), tstr(payload), bstr(sig)]))
    not_cose("protected-not-bytes", "the protected header as a map",
             head(6, 18) + array([PROTECTED, cmap([]), bstr(payload), bstr(sig)]))
    not_cose("protected-order", "content type before algorithm",
             message(payload, protected=cmap([(uint(3), uint(61)), (uint(1), integer(-8))])))
    not_cose("protected-not-shortest", "the algorithm's label in two bytes",
             message(payload, protected=cmap([(uint(1, 1), integer(-8)), (uint(3), uint(61))])))
    not_cose("protected-trailing", "a byte behind the protected map", message(payload, protected=PROTECTED + b"\x00"))
    not_cose("unprotected-not-map", "the unprotected header as an array", message(payload, unprotected=array([])))
    not_cose("crit", "a critical header", message(payload, protected=cmap(
        [(uint(1), integer(-8)), (uint(2), array([uint(3)])), (uint(3), uint(61))])))
    not_cose("json", "a JSON text", b'{"receipt_id":"x"}')
    not_cose("legacy-map", "a CBOR map with text keys, as the older receipts", cmap([(tstr("receipt_id"), tstr("x"))]))
    invalid("unprotected-kid", "a key id in the unprotected header", 1, "UNPROTECTED", "NON_EMPTY_UNPROTECTED",
            message(payload, unprotected=cmap([(uint(4), bstr(b"kid"))])))
    invalid("alg-missing", "no algorithm", 1, "ALG", "BAD_ALG",
            message(payload, protected=cmap([(uint(3), uint(61))])))
    invalid("alg-empty-header", "a protected header without anything", 1, "ALG", "BAD_ALG",
            message(payload, protected=b""))
    invalid("alg-es384", "ES384", 1, "ALG", "BAD_ALG",
            message(payload, protected=cmap([(uint(1), integer(-35)), (uint(3), uint(61))])))
    invalid("alg-hmac", "HMAC 256/256: the key would be public", 1, "ALG", "BAD_ALG",
            message(payload, protected=cmap([(uint(1), uint(5)), (uint(3), uint(61))])))
    invalid("content-type-missing", "no content type", 1, "CONTENT_TYPE", "BAD_CONTENT_TYPE",
            message(payload, protected=cmap([(uint(1), integer(-8))])))
    invalid("content-type-cose", "another content type", 1, "CONTENT_TYPE", "BAD_CONTENT_TYPE",
            message(payload, protected=cmap([(uint(1), integer(-8)), (uint(3), uint(60))])))
    invalid("content-type-text", "the content type as text", 1, "CONTENT_TYPE", "BAD_CONTENT_TYPE",
            message(payload, protected=cmap([(uint(1), integer(-8)), (uint(3), tstr("application/cwt"))])))
    invalid("protected-kid", "a further protected header", 1, "CONTENT_TYPE", "BAD_PROTECTED_HEADER",
            message(payload, protected=cmap([(uint(1), integer(-8)), (uint(3), uint(61)), (uint(4), bstr(b"k"))])))
    invalid("payload-nil", "a detached payload", 1, "PAYLOAD", "MISSING_PAYLOAD",
            head(6, 18) + array([bstr(PROTECTED), cmap([]), NULL, bstr(sig)]))


def structure_cases():
    p = pairs()
    invalid("payload-empty", "an empty payload", 1, "CLAIMS_DECODE", "PAYLOAD_NOT_MAP", message(b""))
    invalid("payload-array", "an array of claims", 1, "CLAIMS_DECODE", "PAYLOAD_NOT_MAP",
            message(array([v for _, v in p])))
    invalid("payload-double", "the map wrapped in a byte string", 1, "CLAIMS_DECODE", "PAYLOAD_NOT_MAP",
            message(bstr(cmap(p))))
    decode_fails("claims-indefinite", "a map of indefinite length", cmap_indefinite(p))
    decode_fails("claims-head-not-shortest", "the map's size in two bytes", cmap(p, 1))
    decode_fails("claims-trailing", "a byte behind the map", cmap(p) + b"\x00")
    decode_fails("claims-truncated", "the last byte of the map is missing", cmap(p)[:-1])
    decode_fails("claims-one-too-many-announced", "the head announces a claim more", head(5, 17) + cmap(p)[1:])
    decode_fails("claims-one-too-few-announced", "the head announces a claim less", head(5, 15) + cmap(p)[1:])
    decode_fails("duplicate-cti", "cti twice, same value", cmap(p[:3] + p[2:]))
    decode_fails("duplicate-model-hash", "model_hash twice, two values", cmap(
        p[:7] + [(integer(-65539), bstr(b"\xee" * 32))] + p[7:]))
    decode_fails("order-swapped", "two neighbours swapped", cmap(p[:5] + [p[6], p[5]] + p[7:]))
    decode_fails("order-integer", "ascending integers: -65548 first", cmap(p[4:][::-1] + p[:4]))
    decode_fails("key-not-shortest", "key 1 in two bytes", cmap([(uint(1, 1), p[0][1])] + p[1:]))
    decode_fails("iat-not-shortest", "iat in eight bytes", cmap(pairs(iat=uint(IAT, 8))))
    decode_fails("iat-bignum", "iat as a tagged big number", cmap(pairs(iat=head(6, 2) + bstr(b"\x67\xbd\xec\x20"))),
                 "WRONG_TYPE:iat")
    decode_fails("text-not-shortest", "a text's length in two bytes", cmap(pairs(policy_version=tstr("policy-1", 1))))
    decode_fails("hash-not-shortest", "a hash's length in four bytes", cmap(pairs(model_hash=bstr(b"\xaa" * 32, 4))))
    decode_fails("text-indefinite", "a text in chunks", cmap(pairs(iss=b"\x7f" + tstr("example.org") + b"\xff")))
    decode_fails("bytes-indefinite", "a hash in chunks", cmap(pairs(model_hash=b"\x5f" + bstr(b"\xaa" * 32) + b"\xff")))
    decode_fails("text-not-utf8", "a lone continuation byte", cmap(pairs(model_id=tstr(b"a\x80b"))))
    decode_fails("text-surrogate", "an encoded surrogate", cmap(pairs(model_id=tstr(b"\xed\xa0\x80"))))
    decode_fails("value-float", "a floating point number", cmap(pairs(memory_peak_mb=FLOAT)))
    decode_fails("value-undefined", "the simple value undefined", cmap(pairs(memory_peak_mb=b"\xf7")))
    decode_fails("value-reserved-head", "a reserved additional information", cmap(pairs(memory_peak_mb=b"\x1c")))
    decode_fails("measurements-indefinite", "measurements of indefinite length", cmap(
        pairs(enclave_measurements=measurements(NITRO, make=cmap_indefinite))))
    decode_fails("measurements-duplicate", "pcr1 twice", cmap(pairs(
        enclave_measurements=measurements(NITRO[:2] + NITRO[1:]))))
    decode_fails("measurements-order", "pcr1 before pcr0", cmap(pairs(
        enclave_measurements=measurements([NITRO[1], NITRO[0], NITRO[2]]))))
    head_of = [(tstr("pcr0", 1), NITRO[0][1])] + [(tstr(n), v) for n, v in NITRO[1:]]
    decode_fails("measurements-key-not-shortest", "the length of pcr0's name in two bytes", cmap(pairs(
        enclave_measurements=cmap(head_of))))
    decode_fails("measurements-key-not-utf8", "a key that is no text", cmap(pairs(
        enclave_measurements=cmap([(tstr(b"pc\xff0"), NITRO[0][1])]))))
    decode_fails("unknown-claim-low", "key 2 (sub)", cmap(p[:1] + [(uint(2), tstr("x"))] + p[1:]), "UNKNOWN_CLAIM")
    decode_fails("unknown-claim-reserved", "key -65550, reserved", cmap(p + [(integer(-65550), tstr("x"))]), "UNKNOWN_CLAIM")
    decode_fails("unknown-claim-text", "a text key", cmap(p + [(tstr("extra"), tstr("x"))]), "UNKNOWN_CLAIM")
    decode_fails("unknown-claim-nested", "an unknown claim with a deep value",
                 cmap(p + [(integer(-65560), b"\x81" * 40 + uint(0))]), "UNKNOWN_CLAIM")
    decode_fails("unknown-key-huge", "a key outside 64 bits with sign", cmap(p + [(head(1, 2**64 - 1), tstr("x"))]))
    decode_fails("measurements-unknown", "pcr5", cmap(pairs(
        enclave_measurements=measurements(NITRO + [("pcr5", bstr(b"\x05" * 48))]))), "UNKNOWN_CLAIM")
    decode_fails("measurements-integer-key", "a register named by a number", cmap(pairs(
        enclave_measurements=cmap([(uint(0), bstr(b"\x01" * 48))]))), "UNKNOWN_CLAIM")


def claim_cases():
    for name in ORDER:
        if name not in OPTIONAL:
            decode_fails(f"missing-{name}", f"{name} is missing", cmap(pairs(drop=(name,))), f"MISSING_CLAIM:{name}")
    wrong = {"iat": tstr("now"), "cti": tstr("0123456789abcdef"), "eat_nonce": tstr("12345678"),
             "enclave_measurements": array([]), "sequence_number": integer(-1), "execution_time_ms": tstr("1"),
             "memory_peak_mb": NULL, "model_hash": tstr("a" * 32), "request_hash": array([uint(1)] * 32),
             "response_hash": NULL, "attestation_doc_hash": TRUE}
    for name in ORDER:
        decode_fails(f"type-{name}", f"{name} has another type",
                     cmap(pairs(**{name: wrong.get(name, bstr(b"bytes"))})), f"WRONG_TYPE:{name}")
    for register in ("pcr0", "pcr1", "pcr2"):
        changed = [(n, tstr("x") if n == register else v) for n, v in NITRO]
        decode_fails(f"type-{register}", f"{register} is a text",
                     cmap(pairs(enclave_measurements=measurements(changed))), f"WRONG_TYPE:{register}")
    decode_fails("type-measurement_type", "measurement_type is a number",
                 cmap(pairs(enclave_measurements=measurements(NITRO, uint(1)))), "WRONG_TYPE:measurement_type")
    decode_fails("iat-zero", "iat 0", cmap(pairs(iat=uint(0))), "INVALID_CLAIM:iat")
    decode_fails("iat-huge", "iat beyond a signed clock", cmap(pairs(iat=uint(2**63))), "INVALID_CLAIM:iat")
    decode_fails("nonce-short", "7 bytes", cmap(pairs(eat_nonce=bstr(bytes(7)))), "INVALID_CLAIM:eat_nonce")
    decode_fails("nonce-long", "65 bytes", cmap(pairs(eat_nonce=bstr(bytes(65)))), "INVALID_CLAIM:eat_nonce")
    decode_fails("iss-long", "257 bytes", cmap(pairs(iss=tstr("i" * 257))), "INVALID_CLAIM:iss")
    decode_fails("model_id-empty", "no model id", cmap(pairs(model_id=tstr(""))), "INVALID_CLAIM:model_id")
    decode_fails("model_id-long", "257 bytes", cmap(pairs(model_id=tstr("m" * 257))), "INVALID_CLAIM:model_id")
    decode_fails("model_version-long", "129 bytes", cmap(pairs(model_version=tstr("v" * 129))), "INVALID_CLAIM:model_version")
    decode_fails("policy_version-long", "257 bytes", cmap(pairs(policy_version=tstr("p" * 257))), "INVALID_CLAIM:policy_version")
    for name in ("model_hash", "request_hash", "response_hash", "attestation_doc_hash"):
        decode_fails(f"{name}-short", "31 bytes", cmap(pairs(**{name: bstr(b"\xaa" * 31)})), "BAD_HASH_LENGTH")
        decode_fails(f"{name}-long", "48 bytes", cmap(pairs(**{name: bstr(b"\xaa" * 48)})), "BAD_HASH_LENGTH")
    invalid("profile-v2", "another profile", 1, "EAT_PROFILE", "WRONG_PROFILE",
            receipt(eat_profile=tstr("https://spec.cyntrisec.com/air/v2")))
    invalid("profile-prefix", "the profile and more", 1, "EAT_PROFILE", "WRONG_PROFILE",
            receipt(eat_profile=tstr(PROFILE + "/x")))
    invalid("cti-short", "15 bytes", 3, "CTI", "BAD_CTI_LENGTH", receipt(cti=bstr(bytes(range(1, 16)))))
    invalid("cti-long", "17 bytes", 3, "CTI", "BAD_CTI_LENGTH", receipt(cti=bstr(bytes(range(1, 18)))))
    invalid("cti-zero", "all zero", 3, "CTI", "ZERO_CTI", receipt(cti=bstr(bytes(16))))
    invalid("model-hash-zero", "all zero", 3, "MHASH_PRESENT", "ZERO_MODEL_HASH", receipt(model_hash=bstr(bytes(32))))

    def meas(name, about, check, code, registers, kind="nitro-pcr"):
        invalid(name, about, 3, check, code, receipt(enclave_measurements=measurements(registers, kind)))
    for i in range(3):
        meas(f"missing-pcr{i}", f"pcr{i} is missing", "MEAS", f"MISSING_CLAIM:pcr{i}", NITRO[:i] + NITRO[i + 1:])
        zeroed = NITRO[:i] + [(f"pcr{i}", bstr(bytes(48)))] + NITRO[i + 1:]
        meas(f"zero-pcr{i}", f"pcr{i} is all zero", "MEAS", "ZERO_MEASUREMENT", zeroed)
    meas("pcr8-short", "an optional register of 32 bytes", "MEAS", "BAD_MEASUREMENT_LENGTH",
         NITRO + [("pcr8", bstr(b"\x08" * 32))])
    meas("pcr1-long", "64 bytes", "MEAS", "BAD_MEASUREMENT_LENGTH", [NITRO[0], ("pcr1", bstr(b"\x02" * 64)), NITRO[2]])
    meas("tdx-pcr8", "pcr8 on TDX", "MEAS", "FORBIDDEN_MEASUREMENT", TDX + [("pcr8", bstr(b"\x08" * 48))], "tdx-mrtd-rtmr")
    meas("tdx-zero-mrtd", "MRTD is all zero", "MEAS", "ZERO_MEASUREMENT",
         [("pcr0", bstr(bytes(48)))] + TDX[1:], "tdx-mrtd-rtmr")
    meas("missing-measurement_type", "no measurement_type", "MTYPE", "MISSING_CLAIM:measurement_type", NITRO, None)
    meas("unknown-measurement_type", "SEV-SNP, which AIR v1 does not know", "MTYPE", "UNKNOWN_MTYPE", NITRO, "sev-snp")
    invalid("scheme-unknown", "md5-single", 3, "MHASH_SCHEME", "UNKNOWN_MODEL_HASH_SCHEME",
            receipt(model_hash_scheme=tstr("md5-single")))
    invalid("scheme-empty", "an empty scheme", 3, "MHASH_SCHEME", "UNKNOWN_MODEL_HASH_SCHEME",
            receipt(model_hash_scheme=tstr("")))
    invalid("mode-legacy", "GatewayOnly, as older receipts", 3, "SECURITY_MODE", "UNKNOWN_SECURITY_MODE",
            receipt(security_mode=tstr("GatewayOnly")))
    invalid("mode-case", "Production", 3, "SECURITY_MODE", "UNKNOWN_SECURITY_MODE", receipt(security_mode=tstr("Production")))


def signature_cases():
    payload = cmap(pairs())
    sig = sign(PROTECTED, payload)
    order = 2**252 + 27742317777372353535851937790883648493
    high_s = sig[:32] + (int.from_bytes(sig[32:], "little") + order).to_bytes(32, "little")
    other = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    small = bytes([1]) + bytes(31)  # the neutral element: order 1

    def bad(name, about, code, sig, policy=None):
        invalid(name, about, 2, "SIG", code, message(payload, sig=sig), policy)
    bad("sig-short", "63 bytes", "BAD_SIG_LENGTH", sig[:63])
    bad("sig-long", "65 bytes", "BAD_SIG_LENGTH", sig + b"\x00")
    bad("sig-empty", "no signature", "BAD_SIG_LENGTH", b"")
    bad("sig-der-like", "96 bytes, as ES384", "BAD_SIG_LENGTH", sig + bytes(32))
    bad("sig-zero", "64 zero bytes", "SIG_FAILED", bytes(64))
    bad("sig-other-key", "signed by another key", "SIG_FAILED", sign(PROTECTED, payload, other))
    bad("sig-high-s", "S plus the group order: the same signature in a second form", "SIG_FAILED", high_s)
    bad("sig-payload-only", "over the payload without Sig_structure", "SIG_FAILED", KEY.sign(payload))
    bad("sig-other-context", "over a Sig_structure of COSE_Sign", "SIG_FAILED",
        KEY.sign(array([tstr("Signature"), bstr(PROTECTED), bstr(b""), bstr(payload)])))
    bad("sig-with-aad", "over external data", "SIG_FAILED",
        KEY.sign(array([tstr("Signature1"), bstr(PROTECTED), bstr(b"x"), bstr(payload)])))
    bad("small-order-key", "a key of order 1 with R = A, S = 0, which plain verification accepts for any message",
        "SIG_FAILED", small + bytes(32), {"public_key_hex": small.hex()})
    invalid("payload-swapped", "the claims of another receipt under this signature", 2, "SIG", "SIG_FAILED",
            message(cmap(pairs(sequence_number=uint(43))), sig=sig))


def policy_cases():
    def policy(name, about, check, code, policy, **changed):
        invalid(name, about, 4, check, code, receipt(**changed), policy)
    policy("stale-by-one", "a second older than allowed", "FRESH", "TIMESTAMP_STALE",
           {"at_unix": IAT + 3601, "max_age_secs": 3600})
    policy("future-by-one", "31 s in the verifier's future", "FRESH", "TIMESTAMP_FUTURE", {"at_unix": IAT - 31})
    policy("clock-negative", "a clock before 1970", "FRESH", "CLOCK_ERROR", {"at_unix": -1})
    policy("clock-missing", "an age limit without a clock", "FRESH", "CLOCK_ERROR", {"at_unix": 0, "max_age_secs": 60})
    policy("request-hash", "another request", "RHASH", "REQUEST_HASH_MISMATCH", {"expected_request_hash_hex": "00" * 32})
    policy("response-hash", "another response", "OHASH", "RESPONSE_HASH_MISMATCH", {"expected_response_hash_hex": "00" * 32})
    policy("attestation-hash", "other evidence", "ADHASH", "ATTESTATION_DOC_HASH_MISMATCH",
           {"expected_attestation_doc_hash_hex": "00" * 32})
    policy("model-hash", "another model", "MHASH", "MODEL_HASH_MISMATCH", {"expected_model_hash_hex": "aa" * 31 + "ab"})
    policy("model-id", "another model id", "MODEL", "MODEL_ID_MISMATCH", {"expected_model_id": "minilm-l6-v3"})
    policy("model-id-prefix", "a prefix of the model id", "MODEL", "MODEL_ID_MISMATCH", {"expected_model_id": "minilm"})
    policy("mode-mismatch", "production where evaluation is expected", "SECURITY_MODE_POLICY", "SECURITY_MODE_MISMATCH",
           {"expected_security_mode": "evaluation", "allow_evaluation": True})
    policy("evaluation", "evaluation mode", "SECURITY_MODE_POLICY", "EVALUATION_MODE_REJECTED", {},
           security_mode=tstr("evaluation"))
    policy("platform", "Nitro where TDX is expected", "PLATFORM", "PLATFORM_MISMATCH", {"expected_platform": "tdx-mrtd-rtmr"})
    policy("nonce-missing", "no nonce in the receipt", "NONCE", "NONCE_MISSING", {"expected_nonce_hex": "00" * 8})
    policy("nonce-other", "another nonce", "NONCE", "NONCE_MISMATCH", {"expected_nonce_hex": "00" * 8}, eat_nonce=bstr(b"\x01" * 8))
    policy("nonce-prefix", "a prefix of the nonce", "NONCE", "NONCE_MISMATCH", {"expected_nonce_hex": "01" * 8},
           eat_nonce=bstr(b"\x01" * 16))
    policy("replayed", "an id that was accepted before", "REPLAY", "REPLAY_CTI", {"seen_cti_hex": bytes(range(1, 17)).hex()})


def main():
    for make in (valid_cases, envelope_cases, structure_cases, claim_cases, signature_cases, policy_cases):
        make()
    names = [(kind, name) for kind, name, _ in CASES]
    assert len(set(names)) == len(names), "a name is used twice"
    for kind in ("valid", "invalid"):
        os.makedirs(os.path.join(HERE, kind), exist_ok=True)
    for kind, name, case in CASES:
        with open(os.path.join(HERE, kind, name + ".json"), "w", encoding="utf-8") as f:
            json.dump(case, f, indent=1, ensure_ascii=True)
            f.write("\n")
    print(len(CASES), "vectors")


if __name__ == "__main__":
    main()

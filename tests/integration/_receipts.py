"""Receipts and simulated evidence made in Python, so that the tests can also make what no enclave would.

The CBOR encoder and the receipt's claims are those of tests/vectors/receipt/generate.py.
"""
import datetime
import hashlib
import json
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from _eml import ROOT

FOLDER = os.path.join(ROOT, "tests", "vectors", "receipt")
sys.path.insert(0, FOLDER)
import generate as g  # noqa: E402  (after the path it needs)

AT = 1740500100


def vectors(kind, folder=FOLDER):
    for name in sorted(os.listdir(os.path.join(folder, kind))):
        if name.endswith(".json"):
            with open(os.path.join(folder, kind, name), encoding="utf-8") as f:
                yield name[:-5], json.load(f)


def certificate(subject, issuer, key, issuer_key, is_ca):
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    start = datetime.datetime.fromtimestamp(AT - 3600, datetime.timezone.utc)
    usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                           "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    usage["key_cert_sign" if is_ca else "digital_signature"] = True
    return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(start).not_valid_after(start + datetime.timedelta(hours=3))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .sign(issuer_key, hashes.SHA384()).public_bytes(Encoding.DER))


class Platform:
    """A simulated platform with a root of its own, an enclave with keys, and the policy that accepts it."""

    def __init__(self):
        self.root_key, self.leaf_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
        self.root = certificate("simulated root", "simulated root", self.root_key, self.root_key, True)
        self.leaf = certificate("enclave", "simulated root", self.leaf_key, self.root_key, False)
        self.receipt_key = Ed25519PrivateKey.from_private_bytes(b"\x77" * 32)
        self.pcrs = [bytes([i + 1]) * 48 if i < 3 else bytes(48) for i in range(16)]
        self.model = b"\xaa" * 32

    def statement(self, changed=None):
        public = self.receipt_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        fields = {1: g.uint(1), 2: g.tstr("simulated"), 3: g.tstr("clinic"), 4: g.uint(0), 5: g.bstr(b"\x05" * 32),
                  6: g.bstr(b"\x06" * 32), 7: g.bstr(public), 8: g.bstr(b"\x08" * 32), 9: g.bstr(self.model),
                  10: g.bstr(bytes(32))}
        fields.update(changed or {})
        return g.cmap([(g.uint(k), v) for k, v in fields.items()])

    def evidence(self, user_data=None, pcrs=None, module_id="i-0123-enc456"):
        user_data = self.statement() if user_data is None else user_data
        pcrs = self.pcrs if pcrs is None else pcrs
        payload = g.cmap([
            (g.tstr("module_id"), g.tstr(module_id)), (g.tstr("digest"), g.tstr("SHA384")),
            (g.tstr("timestamp"), g.uint(AT * 1000)),
            (g.tstr("pcrs"), g.cmap([(g.uint(i), g.bstr(v)) for i, v in enumerate(pcrs)])),
            (g.tstr("certificate"), g.bstr(self.leaf)), (g.tstr("cabundle"), g.array([g.bstr(self.root)])),
            (g.tstr("public_key"), g.bstr(b"\x06" * 32)), (g.tstr("user_data"), g.bstr(user_data)),
            (g.tstr("nonce"), g.bstr(b"\x05" * 32))])
        protected = g.cmap([(g.uint(1), g.integer(-35))])
        to_sign = g.array([g.tstr("Signature1"), g.bstr(protected), g.bstr(b""), g.bstr(payload)])
        r, s = utils.decode_dss_signature(self.leaf_key.sign(to_sign, ec.ECDSA(hashes.SHA384())))
        return g.array([g.bstr(protected), g.cmap([]), g.bstr(payload),
                        g.bstr(r.to_bytes(48, "big") + s.to_bytes(48, "big"))])

    def policy(self, **changed):
        return {"version": 1, "service": "clinic", "trust_simulated_root": hashlib.sha256(self.root).hexdigest(),
                "simulated": {"releases": [{"name": "r1", **{f"pcr{i}": self.pcrs[i].hex() for i in range(3)}}]},
                "models": [self.model.hex()], **changed}

    def receipt(self, evidence, key=None, **changed):
        claims = {"attestation_doc_hash": g.bstr(hashlib.sha256(evidence).digest()),
                  "security_mode": g.tstr("evaluation"), "iat": g.uint(AT - 10),
                  "enclave_measurements": g.measurements([(f"pcr{i}", g.bstr(self.pcrs[i])) for i in range(3)])}
        payload = g.cmap(g.pairs(**{**claims, **changed}))
        return g.message(payload, sig=g.sign(g.PROTECTED, payload, key or self.receipt_key))

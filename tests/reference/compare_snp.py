"""SEV-SNP evidence judged a second time, by Python's `cryptography`: chain, CRL, report signature, hardware id and levels.

    compare_snp.py [--verify EML_VERIFY] FOLDER     FOLDER holds reports/ and amd/ (one folder a product)

Prints a line for each report and each certificate. With --verify the program is asked as well and must agree on every
check that both make. Needs: pip install cryptography. Does not run in the tests.
"""
import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

AMD = "1.3.6.1.4.1.3704.1"
AT = datetime.datetime(2025, 11, 1, tzinfo=datetime.timezone.utc)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
LAYOUT = {"turin": {"3.9": 0, "3.1": 1, "3.2": 2, "3.3": 3, "3.8": 7}}
LAYOUT["milan"] = LAYOUT["genoa"] = {"3.1": 0, "3.2": 1, "3.3": 6, "3.8": 7}


def little(b):
    return int.from_bytes(b, "little")


def is_signed_by(signed, issuer):
    """PSS with SHA-384 and a salt of 48 bytes, whatever the certificate says of its own algorithm."""
    tbs = signed.tbs_certlist_bytes if hasattr(signed, "tbs_certlist_bytes") else signed.tbs_certificate_bytes
    try:
        issuer.public_key().verify(signed.signature, tbs, PSS, hashes.SHA384())
    except InvalidSignature:
        return False
    return signed.issuer == issuer.subject


def extension(cert, suffix):
    """The extension's bytes, or None."""
    for e in cert.extensions:
        if e.oid.dotted_string == f"{AMD}.{suffix}":
            return e.value.value
    return None


def is_valid_at(cert, at):
    return cert.not_valid_before_utc <= at <= cert.not_valid_after_utc


def is_report_signed(report, cert):
    sig = report[0x2A0:]
    der = utils.encode_dss_signature(little(sig[:72]), little(sig[72:144]))
    try:
        cert.public_key().verify(der, report[:0x2A0], ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        return False
    return True


def are_levels_reported(report, cert, product):
    reported = report[0x180:0x188]
    for suffix, at in LAYOUT[product].items():
        der = extension(cert, suffix)
        if der is None or int.from_bytes(der[2:], "big") != reported[at]:
            return False
    return True


def is_hardware_id_right(report, cert):
    hwid = extension(cert, "4")
    if hwid is None:
        return None  # a VLEK
    return report[0x1A0:0x1E0] == hwid.ljust(64, b"\0")


class Product:
    def __init__(self, folder):
        self.name = folder.name
        chains = [x509.load_pem_x509_certificates(p.read_bytes()) for p in sorted(folder.glob("*chain.pem"))]
        self.roots = {c[1].fingerprint(hashes.SHA256()): c[1] for c in chains}
        self.root = next(iter(self.roots.values()))
        self.signers = [c[0] for c in chains]
        self.crl = x509.load_der_x509_crl((folder / "crl.der").read_bytes())

    def check(self):
        assert len(self.roots) == 1, f"{self.name}: two roots"
        assert is_signed_by(self.root, self.root), f"{self.name}: root"
        assert all(is_signed_by(s, self.root) for s in self.signers), f"{self.name}: signing key"
        assert is_signed_by(self.crl, self.root), f"{self.name}: CRL"
        print(f"{self.name}: root {self.root.fingerprint(hashes.SHA256()).hex()[:16]}, {len(self.signers)} signing keys, "
              f"CRL with {len(list(self.crl))} entries, all signed by it")

    def issuer_of(self, leaf):
        return next((s for s in self.signers if is_signed_by(leaf, s)), None)


def judge(report, leaf, product):
    issuer = product.issuer_of(leaf)
    return {
        "vek.chain": issuer is not None,
        "vek.time": is_valid_at(leaf, AT),
        "vek.revocation": issuer is not None and
        product.crl.get_revoked_certificate_by_serial_number(issuer.serial_number) is None,
        "report.signature": is_report_signed(report, leaf),
        "vek.hwid": is_hardware_id_right(report, leaf),
        "vek.tcb": are_levels_reported(report, leaf, product.name),
        "guest.debug": (little(report[8:16]) >> 19 & 1) == 0,
    }


def ask(program, report, leaf, crl):
    run = subprocess.run([program, "evidence", str(report), "--type", "snp", "--certs", str(leaf), "--crl", str(crl), "--at",
                          str(int(AT.timestamp())), "--json"], capture_output=True, text=True)
    return {c["id"]: c["status"].lower() for c in json.loads(run.stdout)["checks"]}


def differences(oracle, said):
    """Once a check has failed, what stands on it is not judged: a skip then says nothing."""
    is_broken = "fail" in said.values()
    for check, held in oracle.items():
        want = {True: "pass", False: "fail", None: "skip"}[held]
        if said.get(check) != want and not (is_broken and said.get(check) == "skip"):
            yield f"{check}: cryptography says {want}, eml-verify {said.get(check)}"


def pairs(reports):
    """Every report with every leaf: the right pairs hold, and no other does."""
    for report in sorted(reports.glob("*.report.bin")):
        for leaf in sorted(reports.glob("*.leaf.der")):
            yield report, leaf


def main():
    warnings.filterwarnings("ignore", message="Parsed a serial number")  # AMD's leaves have the number 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--verify")
    parser.add_argument("folder", type=pathlib.Path)
    args = parser.parse_args()
    products = {p.name: Product(p) for p in sorted((args.folder / "amd").iterdir())}
    for product in products.values():
        product.check()
    n, n_held, wrong = 0, 0, []
    for report, leaf in pairs(args.folder / "reports"):
        cert = x509.load_der_x509_certificate(leaf.read_bytes())
        name = extension(cert, "2")[2:].decode().split("-")[0].lower()
        oracle = judge(report.read_bytes(), cert, products[name])
        n, n_held = n + 1, n_held + all(v is not False for v in oracle.values())
        if report.name.split(".")[0] == leaf.name.split(".")[0]:
            print(f"{report.name}: " + ", ".join(f"{k} {v}" for k, v in oracle.items()))
        if args.verify:
            said = ask(args.verify, report, leaf, args.folder / "amd" / name / "crl.der")
            wrong += [f"{report.name} with {leaf.name}: {d}" for d in differences(oracle, said)]
    print(f"{n} pairs, {n_held} hold" + (f", {len(wrong)} differences" if args.verify else ""))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Real documents as seeds: scripts/fuzz-seeds.py VECTORS NAME FOLDER writes those of the fuzzer NAME to FOLDER.

Each fuzzer takes its input in a form of its own; here is how a document becomes one. A fuzzer without a row gets nothing.
"""
import base64
import json
import os
import pathlib
import re
import struct
import sys

SNP, DCAP, GPU = "sev-snp", "intel-dcap", "nvidia-gpu"


def raw(*patterns):
    """Files as they are."""
    def make(vectors):
        return [p.read_bytes() for pattern in patterns for p in sorted(vectors.glob(pattern)) if p.is_file()]
    return make


def pem_blocks(data):
    blocks = re.findall(rb"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END", data, re.S)
    return [base64.b64decode(b"".join(block.split())) for block in blocks]


def der(*patterns):
    """Every block of PEM files, and DER files as they are."""
    def make(vectors):
        return [d for file in raw(*patterns)(vectors) for d in (pem_blocks(file) if b"-----BEGIN" in file else [file])]
    return make


def after(byte, *patterns):
    """Files behind a byte that says what they are to the fuzzer."""
    def make(vectors):
        return [bytes([byte]) + data for data in raw(*patterns)(vectors)]
    return make


def tokens(vectors):
    """Whole tokens, and claims to be signed."""
    cs = "gcp-confidential-space"
    return after(0, f"{cs}/*/*.jwt")(vectors) + after(16, f"{cs}/claims/*.json")(vectors)


def hexadecimal(*patterns):
    def make(vectors):
        return [bytes.fromhex(re.sub(rb"[^0-9a-fA-F]", b"", data).decode()) for data in raw(*patterns)(vectors)]
    return make


def snp_reports(vectors):
    """Length of the report in two bytes, the report, its certificate."""
    out = []
    for report in sorted(vectors.glob(f"{SNP}/reports/*.report.bin")):
        leaf = report.with_name(report.name.replace(".report.bin", ".leaf.der"))
        out.append(struct.pack(">H", report.stat().st_size) + report.read_bytes() + leaf.read_bytes())
    return out


def snp_tables(vectors):
    """The GHCB's certificate table with the two certificates of a machine."""
    guids = [bytes.fromhex("63da758de6644564adc5f4b93be8accd"), bytes.fromhex("4ab7b379bbac4fe4a02f05aef327c782")]
    out = []
    for leaf in sorted(vectors.glob(f"{SNP}/reports/*.leaf.der")):
        product = next((p for p in ("milan", "genoa", "turin") if p in leaf.name), "milan")
        ask = pem_blocks((vectors / SNP / "amd" / product / "cert_chain.pem").read_bytes())[0]
        parts, head, at = [leaf.read_bytes(), ask], b"", 72
        for guid, part in zip(guids, parts):
            head += guid + struct.pack("<II", at, len(part))
            at += len(part)
        out.append(head + bytes(24) + b"".join(parts))
    return out


def chains(vectors):
    """Root, intermediate, leaf, CRL, each with its length in two bytes before it."""
    out = []
    for product in sorted(vectors.glob(f"{SNP}/amd/*")):
        ask, ark = pem_blocks((product / "cert_chain.pem").read_bytes())
        crl = (product / "crl.der").read_bytes()
        for leaf in sorted(vectors.glob(f"{SNP}/reports/{product.name}*.leaf.der")):
            out.append(b"".join(struct.pack(">H", len(p)) + p for p in (ark, ask, leaf.read_bytes(), crl)))
    return out


def collateral(vectors):
    """A byte that says which reader, then: the whole; the tables that Intel signed; separate files, a zero byte between."""
    out = []
    for data in raw(f"{DCAP}/quotes/*.collateral.json")(vectors):
        members = json.loads(data)
        out += [b"\0" + data, b"\1" + members["tcb_info"].encode(), b"\2" + members["qe_identity"].encode()]
    names = ("tcbInfo.json", "qeIdentity.json", "tcbSignChain.pem", "pckSignChain.pem", "pckCert.pem")
    files = [vectors / DCAP / "intel-sample-sgx" / name for name in names]
    if all(file.is_file() for file in files):
        out.append(b"\3" + b"\0".join(file.read_bytes() for file in files))
    return out


def nvml_replies(vectors):
    """The library starts, tells right settings and a right state, its devices with report and chain, and both again."""
    out, state = [], bytes([0, 0, 0]) + bytes([0, 2, 1, 0])
    for file in sorted(vectors.glob(f"{GPU}/evidence/json/*.json")):
        devices = json.loads(file.read_text())
        replies = b"\0" + state + bytes([0, len(devices)])
        for device in devices:
            report, chain = base64.b64decode(device["evidence"]), base64.b64decode(device["certificate"])
            replies += struct.pack(">BBBH", 0, 0, 1, len(report)) + report
            replies += struct.pack(">BBH", 0, 0, len(chain)) + chain
        out.append(replies + state)
    return out


SEEDS = {
    "bundle": raw("nitro/docs/*.cose"),
    "cbor": raw("nitro/docs/*.cose"),
    "cert_list": raw(f"{SNP}/amd/*/*.pem", f"{SNP}/reports/*.leaf.der", f"{GPU}/certs/*.pem", f"{GPU}/evidence/*chain*"),
    "cms": lambda v: [b"\0" + d for d in raw("kms-cms/*.ber")(v)],
    "collateral": collateral,
    "cose": raw("nitro/docs/*.cose"),
    "gpu_leaf": der(f"{GPU}/evidence/*chain*"),
    "gpu_list": raw(f"{GPU}/evidence/json/*", f"{GPU}/evidence/*.json"),
    "json": raw(f"{DCAP}/quotes/*.collateral.json", "gcp-confidential-space/claims/*.json"),
    "cs_token": tokens,
    "jwk": raw("gcp-confidential-space/oidc/jwks*.json"),
    "jwt": raw("gcp-confidential-space/oidc/*.jwt", "gcp-confidential-space/pki/*.jwt", "gcp-confidential-space/malformed/*"),
    "nitro": raw("nitro/docs/*.cose"),
    "nvidia_nvml": nvml_replies,
    "pem": raw(f"{SNP}/amd/*/*.pem", f"{DCAP}/*/*.pem"),
    "quote": raw(f"{DCAP}/quotes/*.quote", f"{DCAP}/intel-sample-sgx/quote.dat"),
    "rim": raw(f"{GPU}/rim/*.xml"),
    "snp_cert_table": snp_tables,
    "snp_report": snp_reports,
    "spdm": hexadecimal(f"{GPU}/evidence/*.report.txt"),
    "x509": chains,
}


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    vectors, name, folder = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    os.makedirs(folder, exist_ok=True)
    seeds = SEEDS[name](vectors) if name in SEEDS else []
    for i, seed in enumerate(seeds):
        with open(os.path.join(folder, f"real-{i:03}"), "wb") as f:
            f.write(seed)
    if name in SEEDS and not seeds:
        print(f"fuzz-seeds: no document for {name} in {vectors}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""TCB status and advisories of quotes with collateral, against dcap-qvl (PyPI).

    pip install dcap-qvl
    python3 tests/reference/compare_dcap.py BUILD VECTORS/intel-dcap/quotes [FORGED]

BUILD is a build folder with eml-verify in it. Every quote is judged with every collateral of the folder, at a time within
that collateral's validity and at two outside it. Then FORGED quotes and tables are made at random under a root of their own
(forge_dcap_cases.c) and judged under that root. Prints what was accepted and what differs; docs/ATTESTATION.md explains the
differences between the two on forged quotes. Exit 1 for any other.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
from datetime import datetime

import dcap_qvl

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORGED_AT = 1750000000

def unix(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def theirs(quote, collateral, at):
    """Status and advisories, or the first words of the refusal."""
    try:
        report = dcap_qvl.verify(quote, dcap_qvl.QuoteCollateralV3.from_json(collateral), at)
        return report.status, sorted(report.advisory_ids)
    except ValueError as error:
        return "refused", str(error).split("\n")[0][:90]


def ours(program, quote, collateral, at, kind):
    """The same from the checks. TD and enclave rules, which dcap-qvl leaves to its caller, are left out here too."""
    done = subprocess.run([program, "evidence", quote, "--type", kind, "--collateral", collateral, "--at", str(at), "--json"],
                          capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)
    facts = said["evidence"].get("facts", {})
    policy = ("td.", "enclave.", "tcb.status", "tcb.advisories", "measurements", "policy")
    failed = [c for c in said["checks"] if c["status"].upper() == "FAIL" and not c["id"].startswith(policy)]
    if failed:
        return "refused", f"{failed[0]['id']}: {failed[0]['code']}"
    return facts["tcb_status"], sorted(a for a in facts["advisories"].split(",") if a)


def real(program, folder):
    n_same = n_wrong = 0
    for collateral in sorted(folder.glob("*.collateral.json")):
        text = collateral.read_text()
        info, identity = (json.loads(json.loads(text)[k]) for k in ("tcb_info", "qe_identity"))
        dates = (max(unix(info["issueDate"]), unix(identity["issueDate"])),
                 min(unix(info["nextUpdate"]), unix(identity["nextUpdate"])))
        for quote in sorted(folder.glob("*.quote")):
            kind = "sgx" if quote.name.startswith("sgx") else "tdx"
            for at in (dates[0] - 3600, dates[0] + 3 * 86400, dates[1] + 86400):
                us = ours(program, quote, collateral, at, kind)
                them = theirs(quote.read_bytes(), text, at)
                same = us == them or us[0] == them[0] == "refused"
                n_same, n_wrong = n_same + same, n_wrong + (not same)
                if not same or us[0] != "refused":
                    word = "same" if same else "DIFFERS"
                    print(f"{word} {quote.stem} with {collateral.stem} at {at}: {us} / dcap-qvl {them}")
    print(f"real quotes: {n_same} equal, {n_wrong} differ; dcap-qvl {dcap_qvl.__version__}")
    return n_wrong


def build_forger(build, folder):
    program = folder / "forge_dcap_cases"
    sources = ["tests/reference/forge_dcap_cases.c", "tests/support/forge_dcap.c", "tests/support/forge_dcap_tables.c"]
    layers = ["tee_verify", "receipt", "formats", "crypto", "base"]
    subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-O1", f"-I{ROOT}/src", f"-I{ROOT}/tests",
                    *(str(ROOT / s) for s in sources), *(f"{build}/libeml_{name}.a" for name in layers),
                    "-ljansson", "-lcrypto", "-lcmocka", "-lpthread", "-o", str(program)], check=True)
    return program


def forged_theirs(folder, i):
    collateral = json.loads((folder / f"{i}.json").read_text())
    collateral.setdefault("pck_crl_issuer_chain", "")
    try:
        report = dcap_qvl.verify_with_root_ca((folder / f"{i}.quote").read_bytes(),
                                              dcap_qvl.QuoteCollateralV3.from_json(json.dumps(collateral)),
                                              (folder / f"{i}.root.der").read_bytes(), FORGED_AT)
        return report.status, sorted(report.advisory_ids)
    except ValueError as error:
        return "refused", str(error).split("\n")[0]


def forged_ours(folder, i):
    _, first, status, advisories = (folder / f"{i}.verdict").read_text().split()
    if first not in ("-", "tcb.status", "tcb.advisories"):
        return "refused", first
    return status, [] if advisories == "-" else sorted(advisories.split(","))


def explanation(us, them, quote):
    """The differences that docs/ATTESTATION.md lists, or None."""
    if "must have version 3" in them[1]:
        return "SGX in versions 4 and 5"
    if us[0] == "Revoked" and them[0] == "refused":
        return "Revoked, refused by both"
    launch, now = quote[54:70], quote[54 + 584:54 + 600]
    if quote[0] == 5 and any(b < a for a, b in zip(launch, now)):
        return "a module older than at launch"
    return None


def forged(build, n):
    n_same, n_wrong, reasons = 0, 0, {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([build_forger(build, folder), name, str(n), "7"], check=True)
        for i in range(n):
            us, them = forged_ours(folder, i), forged_theirs(folder, i)
            if us == them or us[0] == them[0] == "refused":
                n_same += 1
                continue
            why = explanation(us, them, (folder / f"{i}.quote").read_bytes())
            if why is None:
                n_wrong += 1
                print(f"DIFFERS case {i}: {us} / dcap-qvl {them}")
            else:
                reasons[why] = reasons.get(why, 0) + 1
    print(f"forged quotes: {n_same} equal, {reasons} explained, {n_wrong} differ")
    return n_wrong


def main(build, quotes, n_forged="0"):
    n_wrong = real(f"{build}/bin/eml-verify", pathlib.Path(quotes))
    if int(n_forged) > 0:
        n_wrong += forged(build, int(n_forged))
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

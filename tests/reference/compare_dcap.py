"""TCB status and advisories of quotes with collateral, against dcap-qvl (PyPI).

    pip install dcap-qvl
    python3 tests/reference/compare_dcap.py BUILD/bin/eml-verify VECTORS/intel-dcap/quotes

Every quote is judged with every collateral of the folder, at a time within that collateral's validity and at two outside
it. Prints what was accepted and what differs. Exit 1 when anything differs.
"""
import json
import pathlib
import subprocess
import sys
from datetime import datetime

import dcap_qvl


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


def main(program, folder):
    folder = pathlib.Path(folder)
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
    print(f"{n_same} equal, {n_wrong} differ; dcap-qvl {dcap_qvl.__version__}")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

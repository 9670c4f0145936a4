"""docs/ATTESTATION.md lists what the verifier does: every check with its id and codes, no more and no less."""
import json
import os
import re
import subprocess

from _tree import BIN, Report, files, text

report = Report("checks")
CODE = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
PAGE = "docs/ATTESTATION.md"
# What a failure code begins with; other words in capitals are names of fields.
PREFIXES = ("NITRO_", "DCAP_", "TDX_", "SGX_", "SNP_", "GPU_", "CS_", "POLICY_", "STATEMENT_", "BUNDLE_", "DEVICES_",
            "REVOCATION_", "TRUST_ANCHOR_")


def listed():
    out = subprocess.run([os.path.join(BIN, "eml-verify"), "checks", "--json"], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)["types"]


def rows():
    """{id: {codes}} of every table of the page whose first cell is an id and whose second names codes."""
    found = {}
    for line in text(PAGE).splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        name = re.fullmatch(r"`([a-z0-9_.]+)`", cells[0]) if len(cells) > 2 else None
        codes = re.findall(f"`({CODE})`", cells[1]) if name else []
        if codes:
            found.setdefault(name.group(1), set()).update(codes)
    return found


def codes_in_sources():
    found = {}
    for path in files("src/tee/verify"):
        if path.endswith((".c", "evidence_job.h")):  # the rows of every platform stand there
            for code in re.findall(f'"({CODE})"', text(path)):
                if code.startswith(PREFIXES):
                    found.setdefault(code, path)
    return found


page, kinds, sources = rows(), listed(), codes_in_sources()
known = {check["id"] for kind in kinds for check in kind["checks"]}
for kind in kinds:
    for check in kind["checks"]:
        report.look()
        if not check["code"].startswith(PREFIXES):
            report.fail(check["id"], f"{check['code']} begins as no code does")
        if check["code"] not in page.get(check["id"], ()):
            report.fail(PAGE, f"has no row for {check['id']} with {check['code']} ({kind['type']})")
for name, codes in page.items():
    report.look()
    if name not in known:
        report.fail(PAGE, f"tells of the check {name}, which nobody makes")
    for code in codes - set(sources):
        report.fail(PAGE, f"tells of {code}, with which nothing fails")
told = set().union(*page.values())
for code, path in sources.items():
    report.look()
    if code not in told:
        report.fail(path, f"fails with {code}, which {PAGE} does not tell of")
report.end()

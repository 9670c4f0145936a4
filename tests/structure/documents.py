"""The documents agree with the code: status table, links, lengths."""
import os
import re

from _tree import ROOT, Report, text, tracked

report = Report("documents")


def check_status_table():
    code = re.findall(r'X\(ST_\w+, "(\w+)", "([^"]+)", (\d+)\)', text("src/base/status.h"))
    page = re.findall(r"^\| `(\w+)` \| ([^|]+?) \| (\d+) \|", text("docs/ERRORS.md"), re.M)
    report.look(len(code))
    for row in set(code) ^ set(page):
        report.fail("docs/ERRORS.md", f"disagrees with src/base/status.h about {row}")


def check_links(path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(path)):
        if "://" in target or target.startswith("mailto:"):
            continue
        report.look()
        if not os.path.exists(os.path.join(ROOT, os.path.dirname(path), target)):
            report.fail(path, f"links to {target}, which does not exist")


check_status_table()
if text("README.md").count("\n") > 150:
    report.fail("README.md", "is over 150 lines")
for document in (p for p in tracked() if p.endswith(".md")):
    check_links(document)
report.end()

"""The documents agree with the code: status table, links, lengths, manual pages and completions."""
import os
import re
import subprocess

from _objects import programs
from _tree import BIN, ROOT, Report, text, tracked

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


def help_of(*words):
    run = subprocess.run([os.path.join(BIN, words[0]), *words[1:], "--help"], capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        report.fail(" ".join(words), f"--help exits with {run.returncode}: {run.stderr}")
    return run.stdout


def commands(program):
    out = help_of(program)
    if "\ncommands:\n" not in out:
        return [[program]]
    listed = out.split("\ncommands:\n")[1].split("\n\n")[0]
    return [[program, *line.strip().split("  ")[0].split()] for line in listed.splitlines() if line.strip()]


def check_program(program):
    page, completion = f"man/{program}.1.scd", "completion/eml"
    if not os.path.exists(os.path.join(ROOT, page)):
        report.fail(page, "is missing")
        return
    manual, words = text(page).replace("\\", ""), text(completion)
    for command in commands(program):
        name = " ".join(command[1:])
        if name and f"*{name}*" not in manual:
            report.fail(page, f"does not tell of the command '{name}'")
        for option in re.findall(r"^  (--[a-z0-9-]+)", help_of(*command), re.M):
            report.look()
            if f"*{option}*" not in manual:
                report.fail(page, f"does not tell of {option} ({' '.join(command)})")
            if option not in ("--help", "--version") and option not in words:
                report.fail(completion, f"does not know {option} ({' '.join(command)})")


check_status_table()
if text("README.md").count("\n") > 150:
    report.fail("README.md", "is over 150 lines")
for document in (p for p in tracked() if p.endswith(".md")):
    check_links(document)
for name in programs():
    check_program(name)
report.end()

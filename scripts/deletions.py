"""Walks every (check, code) of the verifiers: with its failure turned into a pass, which test fails first?

Called by scripts/deletions.sh, which builds the test programs of the lane (tests/support/deletion.c). A first run of each
program tells which failures each test provokes, so that a deletion is tried only where it can be noticed, quickest first.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "DELETIONS.md")
LIMIT_S = 300


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def documented():
    """{(id, code): heading} of the tables of docs/ATTESTATION.md, in order."""
    rows, heading = {}, "Bundles and devices"
    for line in read("docs/ATTESTATION.md").splitlines():
        if line.startswith("## "):
            heading = re.sub(r"^[\d. ]+", "", line[3:])
        name = re.match(r"^\| `([a-z0-9_.]+)` \|", line)
        if not name:
            continue
        for code in re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`", cells(line)[1]):
            rows.setdefault((name.group(1), code), heading)
    return rows


def plain(message):
    """One line of a failed assertion, without what differs from run to run or would break the table."""
    message = re.sub(r"0x[0-9a-f]{6,}", "0x...", message).replace("|", "/").replace("`", "'")
    return message if len(message) <= 70 else message[:67] + "..."


def run(program, extra):
    """Which test fails first and what it says, ("", "") when none does. Then the program is ended at once."""
    env = {**os.environ, **extra}
    process = subprocess.Popen([program], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace")
    began, running, said = time.monotonic(), "(start)", ""
    try:
        for line in process.stdout:
            found = re.match(r"\[ RUN      \] (\S+)", line)
            running = found.group(1) if found else running
            found = re.match(r"(?:ERROR: |\[  ERROR   \] --- (?!\[))(.*)", line)
            said = said or (plain(found.group(1)) if found else "")
            if line.startswith("[  FAILED  ]"):
                return running, said
            if time.monotonic() - began > LIMIT_S:
                return running, "does not end"
        return ("", "") if process.wait() == 0 else (running, f"ends with {process.returncode}")
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def is_real(name):
    """A test may have checks of its own making; their codes are one word."""
    return name[0].isupper() or "_" in name.split(":", 1)[1]


def survey_one(program):
    """[((id, code), seconds, test)] of one program with nothing deleted."""
    run_with = {**os.environ, "EML_FAILURES": "1"}
    process = subprocess.Popen(["stdbuf", "-oL", program], env=run_with, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace")
    tests, test, rows, began = [], "", set(), time.monotonic()
    for line in process.stdout:
        found = re.match(r"\[ (RUN     |FAILURE ) \] (\S+)", line)
        if not found:
            continue
        if found.group(1) == "RUN     ":
            tests.append((test, rows, time.monotonic() - began))
            test, rows, began = found.group(2), set(), time.monotonic()
        elif is_real(found.group(2)):
            rows.add(tuple(found.group(2).split(":", 1)))
    tests.append((test, rows, time.monotonic() - began))
    if process.wait() not in (0, 77):
        sys.exit(f"{os.path.basename(program)} fails with nothing deleted")
    return [(row, took, name) for name, rows, took in tests for row in rows]


def survey(pool, programs):
    """{(id, code): [(seconds, program, test)]}, quickest first"""
    seen = {}
    for program, found in zip(programs, pool.map(survey_one, programs)):
        for row, took, test in found:
            seen.setdefault(row, []).append((took, program, test))
    return {row: sorted(found) for row, found in seen.items()}


def first_notice(row, tests):
    for _, program, name in tests:
        print(f"{row[0]}:{row[1]}: {os.path.basename(program)} {name}", file=sys.stderr)
        test, said = run(program, {"EML_DELETE": ":".join(row), "EML_TEST": name})
        if test:
            return os.path.basename(program), test, said
    return None


def group_of(row, known):
    if row in known:
        return known[row]
    if row[0].isupper():
        return "Receipts"
    return "The channel" if row[0].startswith("channel.") else "Not documented"


def without_folder(said):
    """Where the vectors lie differs from machine to machine."""
    return said.replace(os.path.join(os.environ.get("EML_VECTORS", "../shared/vectors"), ""), "")


def render(rows, result, known):
    out = ["# Deletion test", "",
           "Written by `scripts/deletions.sh`. For each check of the verifiers, and each code with which it fails: the",
           "check's failure is turned into a pass, in test programs only (`tests/support/deletion.c`), and the tests run.",
           "The table names the first test that fails then. A check that nobody would miss has no row to stand in.", ""]
    groups = {}
    for row in rows:
        groups.setdefault(group_of(row, known), []).append(row)
    for heading, members in groups.items():
        out += [f"## {heading}", "", "| check | code | first test that fails | what it says |", "|---|---|---|---|"]
        for row in members:
            found = result[row]
            test = f"`{found[0]}` {found[1]} | {without_folder(found[2])}" if found else "**none** |"
            out.append(f"| `{row[0]}` | `{row[1]}` | {test} |")
        out.append("")
    missed = sum(1 for row in rows if not result[row])
    out.append(f"{len(rows)} checks and codes, {len(rows) - missed} noticed, {missed} not.")
    return "\n".join(out) + "\n"


def wanted(row, only):
    return only is None or only in (row[0], ":".join(row))


def order(seen, known):
    rows = list(known)
    rows += sorted(row for row in seen if row not in known and not row[0].isupper())
    return rows + sorted(row for row in seen if row[0].isupper())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("targets", nargs="+")
    args = parser.parse_args()
    known = documented()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        seen = survey(pool, [os.path.join(args.build, "tests", target) for target in args.targets])
        rows = [row for row in order(seen, known) if wanted(row, args.only)]
        result = dict(zip(rows, pool.map(lambda row: first_notice(row, seen.get(row, [])), rows)))
    for row in rows:
        if not result[row]:
            print(f"{row[0]}:{row[1]}: {'no test notices' if row in seen else 'no test provokes it'}")
        if group_of(row, known) == "Not documented":
            print(f"{row[0]}:{row[1]}: is not in docs/ATTESTATION.md")
    missed = [row for row in rows if not result[row]]
    print(f"{len(rows)} checks and codes, {len(missed)} that no test notices")
    if args.check:
        old = set(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| `", read("docs/DELETIONS.md"), re.M))
        missed += [row for row in rows if row not in old]
    elif args.only is None:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(render(rows, result, known))
    sys.exit(1 if missed else 0)


main()

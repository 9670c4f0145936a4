"""--help, the manual pages, the completion, the examples in the documents and what is installed name the same commands
and options."""
import os
import re
import shlex
import subprocess
import tempfile

from _objects import programs
from _tree import BIN, BUILD, ROOT, Report, text, tracked

report = Report("command_lines")
ALWAYS = {"--help", "--version"}


def help_of(command):
    run = subprocess.run([os.path.join(BIN, command[0]), *command[1:], "--help"], capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        report.fail(" ".join(command), f"--help exits with {run.returncode}: {run.stderr}")
    return run.stdout


def commands(program):
    out = help_of([program])
    if "\ncommands:\n" not in out:
        return [[program]]
    listed = out.split("\ncommands:\n")[1].split("\n\n")[0]
    return [[program, *line.strip().split("  ")[0].split()] for line in listed.splitlines() if line.strip()]


def options_of(command):
    return set(re.findall(r"^  (--[a-z0-9-]+)", help_of(command), re.M))


OPTIONS = {tuple(command): options_of(command) for program in programs() for command in commands(program)}


# ---- the completion, asked as bash asks it ----

def complete(words, current):
    """What bash would offer for the last word of this command line."""
    script = (f"source {shlex.quote(os.path.join(ROOT, 'completion', 'eml'))}\n"
              f"COMP_WORDS=({' '.join(map(shlex.quote, [*words, current]))}); COMP_CWORD={len(words)}\n"
              "_eml; printf '%s\\n' \"${COMPREPLY[@]}\"")
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, cwd=ROOT)
    if run.returncode != 0 or run.stderr:
        report.fail("completion/eml", f"{' '.join(words)}: exits with {run.returncode}: {run.stderr}")
    return set(run.stdout.split())


def compare(where, what, said, wanted):
    report.look()
    if said != wanted:
        report.fail(where, f"{what}: lacks {sorted(wanted - said)}, and has {sorted(said - wanted)} for nothing")


def check_completion():
    for command, options in OPTIONS.items():
        compare("completion/eml", " ".join(command), complete(command, "--"), options | ALWAYS)
    for stem in {command[:n] for command in OPTIONS for n in range(1, len(command))}:
        words = {command[len(stem)] for command in OPTIONS if command[:len(stem)] == stem and len(command) > len(stem)}
        compare("completion/eml", f"the commands of {' '.join(stem)}", complete(stem, ""), words | (ALWAYS if len(stem) == 1 else set()))
    registered = re.search(r"^complete .* -F _eml (.*)$", text("completion/eml"), re.M).group(1).split()
    compare("completion/eml", "the programs", set(registered), set(programs()))


# ---- the manual pages ----

def check_manual(program):
    page = f"man/{program}.1.scd"
    manual = text(page).replace("\\", "")
    known = set().union(*(o for c, o in OPTIONS.items() if c[0] == program)) | ALWAYS
    for command, options in OPTIONS.items():
        report.look()
        name = " ".join(command[1:])
        if command[0] == program and name and not re.search(rf"^\*({program}\* \*)?{name}\*", manual, re.M):
            report.fail(page, f"does not tell of the command '{name}'")
    compare(page, "options", set(re.findall(r"--[a-z][a-z0-9-]*", manual)), known)


# ---- examples: "eml embed --config ..." in a code block or between back-quotes ----

def examples(path):
    content = text(path)
    for block in re.findall(r"^```\n(.*?)^```", content, re.M | re.S):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", content)


def check_example(path, line):
    words = re.sub(r"[|&;#].*", "", line).split()
    command = next((c for c in sorted(OPTIONS, key=len, reverse=True) if tuple(words[:len(c)]) == c), None)
    if command is None:
        return
    report.look()
    unknown = {re.sub(r"[^a-z0-9-].*", "", w) for w in words if w.startswith("--")} - OPTIONS[command] - ALWAYS
    if unknown:
        report.fail(path, f"'{' '.join(command)}' has no {', '.join(sorted(unknown))}")


# ---- what is installed ----

def check_installed():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], check=True, capture_output=True)
        for name in programs():
            for path in (f"bin/{name}", f"share/bash-completion/completions/{name}"):
                report.look()
                if not os.path.isfile(os.path.join(folder, path)):
                    report.fail("cmake/install.cmake", f"does not install {path}")


check_completion()
for name in programs():
    check_manual(name)
for document in (p for p in tracked() if p.endswith(".md")):
    for line in examples(document):
        check_example(document, line)
check_installed()
report.end()

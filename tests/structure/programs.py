"""What each finished program may hold, as docs/ARCHITECTURE.md says: nm on the programs proves it."""
import os
import re
import subprocess
import tempfile

from _objects import archives, needed, programs, symbols
from _tree import BIN, Report, text

report = Report("programs")
LAYERS = archives()
SOCKETS = {"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "getaddrinfo", "gethostbyname",
           "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg"}
MEGABYTE = 1000000

# Forbidden, or demanded: a whole layer ("engine"), or one module of it ("crypto/aead").
RULES = {
    "eml-host": {"without": ["crypto", "formats/cose", "formats/cbor", "engine", "receipt", "tee_verify", "tee", "tee_rim", "tee_sim",
                             "channel", "model", "serve"],
                 "with": ["apps_sandbox"],
                 "libraries_without": ["libcrypto", "libssl"]},
    "eml": {"without": ["tee", "tee_sim"]},
    "eml-verify": {"without": ["net", "engine", "tee", "tee_rim", "tee_sim", "channel", "model", "serve"],
                   "with": ["apps_sandbox"], "is_static": True, "no_sockets": True, "max_bytes": 6 * MEGABYTE},
    "eml-enclave": {"without": ["tee_rim", "tee_sim"], "with": ["apps_sandbox", "tee/apart_provider"], "is_static": True},
    "eml-enclave-sim": {"without": ["tee_rim"], "with": ["apps_sandbox"], "libraries_without": ["libxml", "libxmlsec"]},
}


def held(defined, what):
    layer, _, module = what.partition("/")
    members = LAYERS.get(layer, {})
    return {name for stem, (names, _) in members.items() if module in ("", stem) for name in names & defined}


def linked_objects(defined):
    for layer, members in LAYERS.items():
        for stem, (names, undefined) in members.items():
            if names & defined:
                yield f"{layer}/{stem}", undefined


def check_without(program, rule, defined):
    for what in rule.get("without", []):
        report.look()
        found = held(defined, what)
        if found:
            report.fail(program, f"holds {what}: {', '.join(sorted(found)[:5])}")
    for what in rule.get("with", []):
        report.look()
        if not held(defined, what):
            report.fail(program, f"does not hold {what}")


def check_libraries(program, rule):
    libraries, has_loader = needed(program)
    for name in libraries:
        if any(name.startswith(bad) for bad in rule.get("libraries_without", [])):
            report.fail(program, f"is linked with {name}")
    if rule.get("is_static") and (libraries or has_loader):
        report.fail(program, f"is not static: {libraries}")


def check_hardening(program, defined, undefined):
    path = os.path.join(BIN, program)
    run = subprocess.run(["readelf", "-hldW", path], capture_output=True, text=True, check=True).stdout
    stack = re.search(r"GNU_STACK.*", run)
    for holds, what in ((re.search(r"Type:\s+DYN", run), "is not position independent"),
                        ("GNU_RELRO" in run and "NOW" in run, "has no full RELRO"),
                        (stack and "RWE" not in stack.group(0), "has an executable stack"),
                        ("RPATH" not in run and "RUNPATH" not in run, "names a library path"),
                        ("__stack_chk_fail" in defined | undefined, "has no stack protector")):
        report.look()
        if not holds:
            report.fail(program, what)


def check_sockets(program, defined):
    for name, undefined in linked_objects(defined):
        report.look()
        if undefined & SOCKETS:
            report.fail(program, f"{name} calls {', '.join(sorted(undefined & SOCKETS))}")


def check_size(program, rule):
    """As it is shipped: without symbols (cmake/flags.cmake)."""
    with tempfile.TemporaryDirectory() as folder:
        small = os.path.join(folder, program)
        subprocess.run(["strip", "--strip-all", "-o", small, os.path.join(BIN, program)], check=True)
        size = os.path.getsize(small)
    print(f"{program}: {size} bytes")
    report.look()
    if size > rule.get("max_bytes", size):
        report.fail(program, f"has {size} bytes, more than {rule['max_bytes']}")


def check_nothing_of_tests(program, defined):
    """What can take a check out of the verifier, or make a call fail, is in test programs only."""
    report.look()
    wrapped = sorted(name for name in defined if name.startswith("__wrap_"))
    with open(os.path.join(BIN, program), "rb") as f:
        content = f.read()
    if wrapped or b"EML_DELETE" in content:
        report.fail(program, f"holds what only tests may: {wrapped or 'EML_DELETE'}")


def check(program, rule):
    defined, undefined = symbols(program)
    check_nothing_of_tests(program, defined)
    check_hardening(program, defined, undefined)
    check_without(program, rule, defined)
    check_libraries(program, rule)
    if rule.get("no_sockets"):
        check_sockets(program, defined)
    check_size(program, rule)


report.look()
if "deletion" in text("CMakePresets.json"):
    report.fail("CMakePresets.json", "has a preset for the lane that takes checks out")
for program in programs():
    report.look()
    if program not in RULES:
        report.fail(program, "is not in the table of tests/structure/programs.py")
    else:
        check(program, RULES[program])
for program in RULES:
    if program not in programs():
        report.fail(program, f"is not in {BIN}")
report.end()

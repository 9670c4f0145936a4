"""What the structure tests share: the source tree, the layer table, and one way to report."""
import os
import re
import subprocess
import sys

ROOT = os.environ.get("EML_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("EML_BUILD_DIR") or os.path.join(ROOT, "build", "dev")
BIN = os.environ.get("EML_BIN") or os.path.join(BUILD, "bin")

# What each layer may include besides itself: docs/ARCHITECTURE.md, section 3.
_BELOW_FORMATS = ["base", "crypto", "formats"]
_ENCLAVE = _BELOW_FORMATS + ["net", "engine", "receipt", "tee/verify", "tee", "channel", "model", "serve", "apps/common"]
LAYERS = {
    "base": [],
    "crypto": ["base"],
    "formats": ["base", "crypto"],
    "net": ["base"],
    "engine": ["base", "formats"],
    "receipt": _BELOW_FORMATS,
    "tee/verify": _BELOW_FORMATS + ["receipt"],
    "tee": _BELOW_FORMATS + ["receipt", "tee/verify"],
    "tee/rim": _BELOW_FORMATS + ["tee/verify"],
    "tee/sim": _BELOW_FORMATS + ["receipt", "tee/verify", "tee"],
    "channel": _BELOW_FORMATS + ["net", "receipt", "tee/verify"],
    "model": _BELOW_FORMATS,
    "serve": _BELOW_FORMATS + ["net", "engine", "receipt", "tee/verify", "tee", "channel", "model"],
    "client": _BELOW_FORMATS + ["receipt", "tee/verify", "channel", "serve"],
    "apps/common": _BELOW_FORMATS + ["tee/verify"],
    "apps/sandbox": ["base"],
    "apps/eml-host": ["base", "formats", "net", "apps/common", "apps/sandbox"],
    "apps/eml-verify": _BELOW_FORMATS + ["receipt", "tee/verify", "apps/common", "apps/sandbox"],
    "apps/eml": _BELOW_FORMATS + ["net", "engine", "receipt", "tee/verify", "tee/rim", "channel", "model", "serve", "client", "apps/common"],
    "apps/enclave": _ENCLAVE + ["apps/sandbox"],
    "apps/eml-enclave": _ENCLAVE + ["apps/enclave", "apps/sandbox"],
    "apps/eml-enclave-sim": _ENCLAVE + ["apps/enclave", "tee/sim"],
}
# Layers whose sub-folders belong to them, one for each platform.
ROOMS = ["tee/verify"]
# A library from outside has one layer that includes it.
OUTSIDE = {"openssl": ["crypto"], "jansson": ["formats"], "seccomp": ["apps/sandbox"], "libxml": ["tee/rim"], "xmlsec": ["tee/rim"], "stdatomic": ["base", "serve", "apps/enclave", "apps/eml"]}
# The engine is a function of its inputs: no file, no clock, no key.
CLOSED = {"engine": ["base/file.h", "base/clock.h", "base/log.h"]}


def files(*folders, ends=(".c", ".h")):
    for folder in folders:
        for where, _, names in sorted(os.walk(os.path.join(ROOT, folder))):
            for name in sorted(names):
                if name.endswith(ends):
                    yield os.path.relpath(os.path.join(where, name), ROOT)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def layer_of(path):
    """src/tee/verify/x.c -> tee/verify, and so is src/tee/verify/nitro/x.c"""
    folder = os.path.dirname(path)
    folder = folder[4:] if folder.startswith("src/") else folder
    house = os.path.dirname(folder)
    return house if house in ROOMS and folder not in LAYERS else folder


def tracked():
    """Files of the repository: what git knows, or all that is there when there is no git."""
    try:
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=True).stdout
        return [n for n in out.decode().split("\0") if n and os.path.isfile(os.path.join(ROOT, n))]
    except (OSError, subprocess.CalledProcessError):
        skip = {"build", "models", ".git"}
        found = []
        for where, folders, names in os.walk(ROOT):
            folders[:] = [f for f in folders if f not in skip]
            found += [os.path.relpath(os.path.join(where, n), ROOT) for n in names]
        return sorted(found)


def functions(source):
    """Yields (name, first line, number of lines) of each function body, by the house format."""
    lines = source.split("\n")
    start, name = None, None
    for i, line in enumerate(lines):
        if line == "{":
            head = " ".join(lines[max(0, i - 6):i])
            found = re.findall(r"(\w+)\(", head)
            start, name = i, found[-1] if found else "?"
            for word in reversed(found):
                if re.search(r"(?:^|[\s*])" + word + r"\([^;{}]*\)\s*$", head):
                    name = word
        elif line == "}" and start is not None:
            yield name, start + 1, i - start - 1
            start = None


class Report:
    """Collects what is wrong; end() prints it and gives the exit code."""

    def __init__(self, rule):
        self.rule, self.wrong, self.warned, self.looked = rule, [], [], 0

    def look(self, n=1):
        self.looked += n

    def fail(self, where, what):
        self.wrong.append(f"{where}: {what}")

    def warn(self, where, what):
        self.warned.append(f"{where}: {what}")

    def end(self):
        for line in self.warned:
            print("warning:", line)
        for line in self.wrong:
            print("WRONG:", line)
        print(f"{self.rule}: {self.looked} looked at, {len(self.warned)} warnings, {len(self.wrong)} wrong")
        if self.looked == 0:
            print("WRONG: nothing was looked at")
        sys.exit(1 if self.wrong or self.looked == 0 else 0)

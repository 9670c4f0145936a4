"""Every header compiles alone, and has an include guard of its own."""
import concurrent.futures
import os
import re
import subprocess

from _tree import ROOT, Report, files, text

report = Report("headers")
FLAGS = ["-std=c17", "-D_GNU_SOURCE", '-DEML_VERSION="0"', "-Isrc", "-Itests", "-Wall", "-Wextra", "-Werror"]


def compile_alone(path):
    run = subprocess.run([os.environ.get("CC", "gcc"), *FLAGS, "-fsyntax-only", "-x", "c", "-"], cwd=ROOT,
                         input=f'#include "{path}"\n#include "{path}"\n', capture_output=True, text=True)
    return path, run.returncode, run.stderr


headers = list(files("src", "tests", "fuzz", ends=(".h",)))
guards = {}
for path in headers:
    guard = re.search(r"^#ifndef (\w+)\n#define \1$", text(path), re.M)
    if not guard:
        report.fail(path, "no include guard")
    elif guards.setdefault(guard.group(1), path) != path:
        report.fail(path, f"the include guard of {guards[guard.group(1)]}")
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for path, code, errors in pool.map(compile_alone, headers):
        report.look()
        if code != 0:
            report.fail(path, "does not compile alone:\n" + errors)
report.end()

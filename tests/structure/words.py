"""No unfinished note, no path of somebody's machine, no shell-out; every layer says what it is for."""
import os
import re

from _tree import LAYERS, ROOT, Report, text, tracked

report = Report("words")
BINARY = (".bin", ".cbor", ".der", ".png", ".gz", ".safetensors", ".f32")
DATA = ("fuzz/corpus/", "tests/data/", "tests/vectors/", "LICENSE")
NOWHERE = [
    (r"\b(TODO|FIXME|XXX)\b", "an unfinished note"),
    (r"(?<![\w])/(root|home/[a-z]+|tmp/[a-z]{2}/[a-z]+)/", "a path of one machine"),
    (r"(?<![\w.$}\")/])/\w+(/\w+)*/vectors/", "a folder of vectors on one machine"),
    (r"\b(artifactory|artifact-registry|nexus\.|\.internal/)", "a registry's host"),
]
IN_SOURCES = [
    (r"\b(system|popen|alloca|strcpy|strcat|sprintf|gets|strtok)\s*\(", "a function that the style forbids"),
    (r"\b(skip_verify|no_verify|insecure)\b", "a check with an off switch"),
]


def scan(path, rules, source):
    for pattern, what in rules:
        for found in re.finditer(pattern, source):
            line = source.count("\n", 0, found.start()) + 1
            report.fail(f"{path}:{line}", f"{what}: {found.group(0)}")


for path in tracked():
    if path.endswith(BINARY) or path.startswith(DATA) or path == "tests/structure/words.py":
        continue
    report.look()
    try:
        source = text(path)
    except UnicodeDecodeError:
        continue
    scan(path, NOWHERE, source)
    if path.startswith("src/"):
        scan(path, IN_SOURCES, source)

for layer in LAYERS:
    folder = os.path.join(ROOT, "src", layer)
    if not os.path.isdir(folder) or (layer.startswith("apps/") and layer != "apps/common"):
        continue
    report.look()
    readme = os.path.join("src", layer, "README.md")
    if not os.path.isfile(os.path.join(ROOT, readme)):
        report.fail(readme, "is missing")
    elif text(readme).count("\n") > 25:
        report.fail(readme, f"{text(readme).count(chr(10))} lines; 25 are enough")
report.end()

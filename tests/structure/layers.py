"""Includes obey the layer table: arrows go down only, and a foreign library has one home."""
import re

from _tree import CLOSED, LAYERS, OUTSIDE, Report, files, layer_of, text

report = Report("layers")
folders = sorted(LAYERS, key=len, reverse=True)


def check(path):
    layer = layer_of(path)
    if layer not in LAYERS:
        report.fail(path, f"folder src/{layer} is not in the layer table of tests/structure/_tree.py")
        return
    for quoted, name in re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text(path), re.M):
        report.look()
        if quoted == "<":
            check_outside(path, layer, name)
        else:
            check_inside(path, layer, name)


def check_outside(path, layer, name):
    for library, homes in OUTSIDE.items():
        if name.startswith(library) and layer not in homes:
            report.fail(path, f"<{name}> belongs to {', '.join(homes)}")


def check_inside(path, layer, name):
    target = layer_of("src/" + name)
    if name.endswith(".c"):
        report.fail(path, f"includes a source file, {name}")
    if target != layer and target not in LAYERS[layer]:
        report.fail(path, f"{layer} may not include {name}")
    if name in CLOSED.get(layer, []):
        report.fail(path, f"{layer} stays away from {name}")


for source in files("src"):
    check(source)
report.end()

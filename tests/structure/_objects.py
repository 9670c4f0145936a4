"""Which objects of which layer hold which symbols, and which of them a program was linked from."""
import glob
import os
import subprocess

from _tree import BIN, BUILD


def nm(*args):
    return subprocess.run(["nm", *args], capture_output=True, text=True, check=True).stdout


def archives():
    """{layer library: {object stem: (defined symbols, undefined symbols)}}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(BUILD, "libeml_*.a"))):
        layer = os.path.basename(path)[len("libeml_"):-2]
        members, stem = {}, None
        for line in nm("-g", path).splitlines():
            if line.endswith(":"):
                stem = line[:-1].split(".")[0]
                members[stem] = (set(), set())
            elif line.strip():
                kind, name = line.split()[-2:]
                if kind in "Uwv":
                    members[stem][1].add(name)
                elif not name.startswith("__"):
                    members[stem][0].add(name)
        found[layer] = members
    return found


def programs():
    return sorted(n for n in os.listdir(BIN) if os.access(os.path.join(BIN, n), os.X_OK)) if os.path.isdir(BIN) else []


def symbols(program):
    """(defined, undefined) symbols of a finished program; its own statics count as well."""
    defined, undefined = set(), set()
    for line in nm(os.path.join(BIN, program)).splitlines():
        kind, name = line.split()[-2:]
        (undefined if kind in "Uwv" else defined).add(name.split("@")[0])
    return defined, undefined


def needed(program):
    """Shared libraries that it asks for."""
    out = subprocess.run(["readelf", "-dlW", os.path.join(BIN, program)], capture_output=True, text=True, check=True).stdout
    return [l.split("[")[1].rstrip("]") for l in out.splitlines() if "(NEEDED)" in l], "INTERP" in out

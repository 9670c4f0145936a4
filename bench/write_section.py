"""Puts a measured table between <!-- NAME:begin --> and <!-- NAME:end --> of a document, with machine, commit and command.

    write_section.py NAME TABLE_FILE DOCUMENT COMMAND"""
import os
import re
import subprocess
import sys
import time


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = re.search(r"model name\s*:\s*(.*)", f.read())
    return f"{model.group(1) if model else os.uname().machine}, {os.cpu_count()} processors, Linux {os.uname().release.split('-')[0]}"


def commit(folder):
    git = ["git", "-C", folder]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    measured = [":/src", ":/bench", ":/cmake"]  # a document that is being written changes no figure
    dirty = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no", "--", *measured], capture_output=True,
                           text=True).stdout
    return (name or "unknown") + (" with changes" if dirty else "")


def main(name, table, document, command):
    load = os.getloadavg()[0]
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    head = (f"Machine: {machine()}; load average {load:.1f} at the end. Commit {commit(os.path.dirname(document) or '.')}, "
            f"{time.strftime('%Y-%m-%d', time.gmtime())}. Command: `{command}`.\n\n")
    section = begin + "\n" + head + open(table, encoding="utf-8").read() + end
    text = open(document, encoding="utf-8").read() if os.path.exists(document) else "# Measurements\n"
    if begin in text:
        text = text[:text.index(begin)] + section + text[text.index(end) + len(end):]
    else:
        text = text.rstrip() + f"\n\n## The bare {name}\n\n" + section + "\n"
    with open(document, "w", encoding="utf-8") as f:
        f.write(text)


main(*sys.argv[1:])

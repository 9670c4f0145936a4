"""Writes src/apps/eml-verify/selftest_sample.c: simulated evidence with the policy that accepts it.

Its root is made here, signs one chain, and is forgotten: nobody can make other evidence under it. Only the command
`eml-verify selftest` reads the sample; a verification knows no root but the pinned ones and its policy's.
"""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
from _receipts import AT, Platform  # noqa: E402  (after the path it needs)

OUT = os.path.join(ROOT, "src", "apps", "eml-verify", "selftest_sample.c")


def rows(data):
    for at in range(0, len(data), 12):
        yield "    " + ", ".join(f"0x{b:02x}" for b in data[at:at + 12]) + ","


def quoted(text):
    for at in range(0, len(text), 84):
        yield '    "' + text[at:at + 84].replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    platform = Platform()
    evidence = platform.evidence()
    policy = json.dumps(platform.policy(configs=["08" * 32], freshness=["session"]), separators=(",", ":"))
    lines = ['/* Written by scripts/generate/selftest_sample.py. */', '#include "apps/eml-verify/selftest_sample.h"', "",
             "/* clang-format off */", "static const uint8_t EVIDENCE[] = {", *rows(evidence), "};", "",
             "static const char POLICY[] =", *quoted(policy), "    ;", "/* clang-format on */", "",
             "struct bytes selftest_sample_evidence(void)", "{", "    return BYTES_OF(EVIDENCE);", "}", "",
             "struct bytes selftest_sample_policy(void)", "{", "    return bytes_str(POLICY);", "}", "",
             "int64_t selftest_sample_time(void)", "{", f"    return {AT};", "}", ""]
    with open(OUT, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))
    print(f"{len(evidence)} bytes of evidence, {len(policy)} of policy")


main()

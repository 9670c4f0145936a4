#!/usr/bin/env python3
"""Writes src/engine/unicode_tables.c: what Hugging Face's BertNormalizer and BertPreTokenizer do with
each code point. Run by hand, once for a new reference version; the result is committed, so that a build
never depends on the Unicode version of a system library:

    python3.11 -m venv V && V/bin/pip install tokenizers==0.23.3
    V/bin/python scripts/generate/unicode_tables.py > src/engine/unicode_tables.c

Every value is asked of the library itself, one code point (or one pair, for the canonical order) at a
time. Python's own tables (Unicode 14) give two things: a guess at the combining classes, which is then
checked against the order in which the library puts each pair; and CASED and IGNORABLE, the context of
the final sigma, which the library does not know (src/engine/final_sigma.h says why it is wanted).
"""
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

VERSION = "0.23.3"
SHIFT = 7
BLOCK = 1 << SHIFT
HANGUL = range(0xAC00, 0xD7A4)
DROP, SPACE, CJK, MARK, PUNCT, WHITE, CASED, IGNORABLE = (1 << i for i in range(8))


def bert(**on):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    options.update(on)
    return normalizers.BertNormalizer(**options).normalize_str


clean, cjk = bert(clean_text=True), bert(handle_chinese_chars=True)
strip, lower = bert(strip_accents=True), bert(lowercase=True)
nfd = normalizers.NFD().normalize_str
words = pre_tokenizers.BertPreTokenizer().pre_tokenize_str


def one_of(got, **choices):
    for name, want in choices.items():
        if got == want:
            return name
    raise SystemExit(f"unexpected answer {got!r}, not one of {choices!r}")


def sigma_context(c):
    """What a character does before a final capital sigma, by the way Python lowers it."""
    if (c + "\u03a3").lower().endswith("\u03c2"):
        return CASED
    return IGNORABLE if ("A" + c + "\u03a3").lower().endswith("\u03c2") else 0


def flags_of(c):
    f = {"gone": DROP, "space": SPACE}.get(one_of(clean(c), same=c, gone="", space=" "), 0)
    f |= sigma_context(c)
    if c == " ":
        f |= SPACE
    f |= CJK if one_of(cjk(c), same=c, wrapped=f" {c} ") == "wrapped" else 0
    if nfd(c) == c:
        f |= MARK if one_of(strip("a" + c), same="a" + c, gone="a") == "gone" else 0
    pieces = [w for w, _ in words("a" + c + "a")]
    if pieces == ["a", "a"]:
        return f | WHITE
    if pieces == ["a", c, "a"]:
        return f | PUNCT
    assert pieces == ["a" + c + "a"], (c, pieces)
    return f


def swaps(a, b):
    """Whether canonical order exchanges the two."""
    return one_of(nfd(a + b), kept=a + b, swapped=b + a) == "swapped"


def combining_classes(code_points):
    """Class 0 for whatever the library does not move; the guess elsewhere, checked for every pair with
    one representative of each class."""
    low, high = "\u0334", "\u0345"  # classes 1 and 240, the smallest and the largest
    single = [c for c in code_points if nfd(c) == c]
    moved = [c for c in single if swaps(c, low) or swaps(high, c) or c in (low, high)]
    guess = {c: unicodedata.combining(c) or None for c in moved}
    unknown = [c for c in moved if guess[c] is None]
    representatives = {}
    for c in moved:
        if guess[c] is not None:
            representatives.setdefault(guess[c], c)
    for c in unknown:  # newer than Python's table: found by bisection over the representatives
        below = [k for k, r in representatives.items() if swaps(c, r)]
        above = [k for k, r in representatives.items() if swaps(r, c)]
        rest = sorted(set(representatives) - set(below) - set(above))
        assert len(rest) == 1, (c, rest)
        guess[c] = rest[0]
    for c in moved:
        for k, r in representatives.items():
            assert swaps(c, r) == (guess[c] > k) and swaps(r, c) == (k > guess[c]), (hex(ord(c)), k)
    return guess


def hangul(c):
    s = ord(c) - 0xAC00
    t = s % 28
    return chr(0x1100 + s // 588) + chr(0x1161 + s % 588 // 28) + (chr(0x11A7 + t) if t else "")


def build():
    code_points = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    classes = combining_classes(code_points)
    pool, pool_at, records, index = [], {}, {}, [0] * 0x110000
    records[(0, 0, 0, 0, 0)] = 0
    for c in code_points:
        cp, parts, low = ord(c), nfd(c), lower(c)
        if cp in HANGUL:
            assert parts == hangul(c), hex(cp)
            parts = c
        if cp == 0x130:
            assert low == "i\u0307"  # the only one that becomes two: unicode.c knows it
            low = c
        assert len(low) == 1, hex(cp)
        at = n = 0
        if parts != c:
            n = len(parts)
            if parts not in pool_at:
                pool_at[parts] = len(pool)
                pool.extend(ord(p) for p in parts)
            at = pool_at[parts]
        f, ccc = flags_of(c), classes.get(c, 0)
        assert not ccc or not f & (PUNCT | WHITE | SPACE | DROP | CJK), hex(cp)
        record = (f, ccc, n, at, ord(low) - cp)
        index[cp] = records.setdefault(record, len(records))
    return list(records), pool, index


def put(type_name, name, values, per_line, text=str):
    print(f"const {type_name} {name}[{len(values)}] = {{")
    for i in range(0, len(values), per_line):
        print("    " + " ".join(text(v) + "," for v in values[i:i + per_line]))
    print("};\n")


def main():
    assert tokenizers.__version__ == VERSION, f"tokenizers {tokenizers.__version__}, expected {VERSION}"
    assert unicodedata.unidata_version == "14.0.0", "Python 3.11 was expected"
    records, pool, index = build()
    blocks, stage1, stage2 = {}, [], []
    for at in range(0, 0x110000, BLOCK):
        block = tuple(index[at:at + BLOCK])
        if block not in blocks:
            blocks[block] = len(blocks)
            stage2.extend(block)
        stage1.append(blocks[block])
    assert len(blocks) < 256 and len(records) < 65536 and len(pool) < 65536
    print(f"/* Made by scripts/generate/unicode_tables.py from the behaviour of Hugging Face tokenizers {VERSION}."
          " Do not edit. */\n/* clang-format off */")
    print('#include "engine/unicode_tables.h"\n')
    put("uint8_t", "unicode_tables_stage1", stage1, 32)
    put("uint16_t", "unicode_tables_stage2", stage2, 24)
    put("struct unicode_record", "unicode_tables_records", records, 6,
        lambda r: "{%d, %d, %d, %d, %d}" % r)
    put("uint32_t", "unicode_tables_nfd", pool, 16, lambda v: "0x%x" % v)
    print(f"{len(records)} records, {len(blocks)} blocks, {len(pool)} in the pool", file=sys.stderr)


main()

#!/usr/bin/env python3
"""Compares the ids of src/engine/tokenizer.c with those of Hugging Face `tokenizers` on texts made at
random. Run by hand after a change of the tokenizer or of its tables:

    cmake -S . -B build/dev -G Ninja && ninja -C build/dev
    python3 -m venv V && V/bin/pip install tokenizers==0.23.3
    V/bin/python tests/reference/compare_tokenizer.py models/minilm/tokenizer.json [--texts 50000]

Prints the first differing texts and exits 1 when there is one. The one wanted difference, the final sigma
(src/engine/final_sigma.h), is put into the texts that the library gets, by Python's rule for it.
"""
import argparse
import json
import pathlib
import random
import re
import struct
import subprocess
import tempfile

import tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECIALS = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]"]
# Blocks with marks, case, ideographs, syllables, punctuation, controls, private use and the unassigned.
RANGES = [(0x20, 0x7e), (0x20, 0x7e), (0, 0xff), (0x100, 0x24f), (0x300, 0x36f), (0x370, 0x5ff), (0x600, 0x8ff),
          (0x900, 0xdff), (0xe00, 0x10ff), (0x1100, 0x11ff), (0x1200, 0x1fff), (0x2000, 0x206f), (0x2070, 0x2bff),
          (0x2c00, 0x2fff), (0x3000, 0x33ff), (0x3400, 0x9fff), (0xa000, 0xabff), (0xac00, 0xd7ff), (0xe000, 0xfaff),
          (0xfb00, 0xffff), (0x10000, 0x11fff), (0x16000, 0x1bfff), (0x1d000, 0x1d7ff), (0x1f000, 0x1faff),
          (0x20000, 0x2ffff), (0x30000, 0x3ffff), (0xe0000, 0xe01ff), (0x0, 0x10ffff)]
MARKS = [chr(c) for c in (*range(0x300, 0x370), 0x34f, 0x345, 0x3099, 0x302e, 0x302f, 0x16ff0, *range(0x1d165, 0x1d173),
                          0x94d, 0x9be, 0x591, 0x5b0, 0x64b, 0x670, 0xfe0f, 0x200d, 0x1e94a)]


def scalar(rng, low, high):
    while True:
        c = rng.randint(low, high)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def piece(rng, words):
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(words)
    if kind < 0.45:
        return "".join(rng.choice(words) for _ in range(rng.randint(1, 4))).upper()
    if kind < 0.75:
        low, high = rng.choice(RANGES)
        return "".join(scalar(rng, low, high) for _ in range(rng.randint(1, 6)))
    if kind < 0.85:
        return rng.choice("aeiouAEIOUßİıſKÅΣσς가一") + "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 5)))
    if kind < 0.88:
        return rng.choice(SPECIALS)
    if kind < 0.90:
        return rng.choice("xé가") * rng.randint(95, 105) + rng.choice(["", "\u0301", "\u0334", "."])
    if kind < 0.91:
        return "a" + "".join(rng.choice(["\u302e", "\u302f", "\U0001d165", "\u0301"]) for _ in range(rng.randint(90, 300)))
    return rng.choice([" ", "\n", "\t", "\u00a0", "\u2028", ".", ",", "'", "#", "##", "[", "]", "\u00ad", "\u200b", "\0"])


def texts(rng, n, words):
    for _ in range(n):
        gap = rng.choice(["", " ", " "])
        yield gap.join(piece(rng, words) for _ in range(rng.randint(0, 24)))
    for c in range(0x110000):  # and every code point within a word and alone
        if not 0xD800 <= c < 0xE000 and (c < 0x3200 or c % 16 == n % 16):
            yield f"a{chr(c)}b {chr(c)}"


def with_final_sigmas(text, is_dropped):
    """Each capital sigma that ends its word becomes a small final one. Special tokens part the text."""
    out = []
    for part in re.split("(" + "|".join(map(re.escape, SPECIALS)) + ")", text):
        chars = list(part)
        kept = [i for i, c in enumerate(chars) if not is_dropped(c)]
        lowered = "".join(chars[i] for i in kept).replace("\u0130", "i").lower()
        for i, low in zip(kept, lowered):
            if low == "\u03c2":
                chars[i] = low
        out.append("".join(chars))
    return "".join(out)


def build(folder, build_dir):
    program = pathlib.Path(folder) / "encode_ids"
    libraries = [str(build_dir / f"libeml_{x}.a") for x in ("engine", "formats", "crypto", "base")]
    subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-O2", f"-I{ROOT}/src", f"{ROOT}/tests/reference/encode_ids.c",
                    *libraries, "-ljansson", "-lcrypto", "-lm", "-lpthread", "-o", str(program)], check=True)
    return program


def ours(program, path, batch, limit):
    data = b"".join(struct.pack("<I", len(t)) + t for t in (x.encode() for x in batch))
    out = subprocess.run([str(program), path, str(limit)], input=data, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    for _ in batch:
        n, flag = struct.unpack_from("<II", out, at)
        yield list(struct.unpack_from(f"<{n}I", out, at + 8)), flag
        at += 8 + 4 * n
    assert at == len(out)


def compare(program, path, reference, settings, batch, limit):
    n_bad = 0
    clean = tokenizers.normalizers.BertNormalizer(
        clean_text=settings["clean_text"], handle_chinese_chars=False, strip_accents=False, lowercase=False)
    told = [with_final_sigmas(t, lambda c: not clean.normalize_str(c)) if settings["lowercase"] and "\u03a3" in t else t
            for t in batch]
    expected = reference.encode_batch_fast(told)
    for text, want, (got, flag) in zip(batch, expected, ours(program, path, batch, limit)):
        if got == want.ids and flag == bool(want.overflowing):
            continue
        n_bad += 1
        if n_bad <= 5:
            print(f"DIFFERENT {text!r}\n  expected {want.ids} {bool(want.overflowing)}\n  got      {got} {flag}")
    return n_bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tokenizer")
    parser.add_argument("--texts", type=int, default=50000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    parser.add_argument("--program", type=pathlib.Path, help="an encode_ids that is built already")
    args = parser.parse_args()
    settings = json.load(open(args.tokenizer))
    words = sorted(w.replace("##", "") or "#" for w in settings["model"]["vocab"])
    rng = random.Random(args.seed)
    n_bad = n = 0
    with tempfile.TemporaryDirectory() as folder:
        program = args.program or build(folder, args.build)
        for variant in ({}, {"lowercase": False}, {"strip_accents": False}, {"strip_accents": True, "lowercase": False},
                        {"clean_text": False}, {"handle_chinese_chars": False}):
            settings["normalizer"].update(dict(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True))
            settings["normalizer"].update(variant)
            settings["truncation"] = settings["padding"] = None
            path = f"{folder}/tokenizer.json"
            json.dump(settings, open(path, "w"))
            reference = tokenizers.Tokenizer.from_file(path)
            batch = list(texts(rng, args.texts if not variant else args.texts // 5, words))
            if not variant:
                batch += ["".join(rng.choice("ΣΣaÁ.:' 1\u0301\u00ad\u0001中") for _ in range(rng.randint(1, 9))) for _ in range(args.texts)]
            for limit in (65536, 16) if not variant else (65536,):
                reference.enable_truncation(limit)
                n_bad += compare(program, path, reference, settings["normalizer"], batch, limit)
                n += len(batch)
    print(f"tokenizers {tokenizers.__version__}: {n} texts, {n_bad} different")
    return n_bad > 0


raise SystemExit(main())

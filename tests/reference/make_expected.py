#!/usr/bin/env python3
"""Writes the expected embeddings of all-MiniLM-L6-v2: minilm.jsonl (a line on how they were made, then one line a
text) and minilm.f32 (one row of 384 little-endian floats a text) beside this file. Run by hand:

    python3 -m venv V
    V/bin/pip install torch==2.1.0 sentence-transformers==2.5.1 transformers==4.38.2 tokenizers==0.15.2 'numpy<2'
    scripts/fetch-model.sh minilm models/minilm
    V/bin/python tests/reference/make_expected.py models/minilm

Each text is encoded alone (no padding), in float32 on the CPU, with normalised rows. `limit` is the
max_seq_length of that text: 256 is the model's own; the long texts raise it to the 512 positions.
"""
import json
import pathlib
import sys

import numpy
import sentence_transformers
import tokenizers
import torch
import transformers

from texts import texts

HERE = pathlib.Path(__file__).resolve().parent


def main():
    torch.set_num_threads(2)
    model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu")
    counter = model.tokenizer._tokenizer
    counter.no_truncation()
    counter.no_padding()
    count = lambda text: len(counter.encode(text).ids)
    pairs = texts(count)
    counts = [count(text) for text, _ in pairs]
    how = {"model": "sentence-transformers/all-MiniLM-L6-v2", "texts": len(pairs), "dim": 384,
           "sentence_transformers": sentence_transformers.__version__, "transformers": transformers.__version__,
           "torch": torch.__version__, "tokenizers": tokenizers.__version__, "dtype": "float32", "batch": 1}
    rows, lines = [], [how]
    for (text, limit), n in zip(pairs, counts):
        model.max_seq_length = limit
        row = model.encode([text], batch_size=1, normalize_embeddings=True, convert_to_numpy=True)[0]
        assert row.dtype == numpy.float32 and row.shape == (384,) and numpy.isfinite(row).all()
        rows.append(row)
        lines.append({"text": text, "limit": limit, "tokens": min(n, limit), "truncated": n > limit})
    double = model.double()  # how far float32 itself is from the exact value
    for row, (text, limit) in zip(rows, pairs):
        double.max_seq_length = limit
        exact = double.encode([text], batch_size=1, normalize_embeddings=True)[0]
        how["float32_error"] = max(how.get("float32_error", 0), float(numpy.abs(row - exact).max()))
    numpy.stack(rows).astype("<f4").tofile(HERE / "minilm.f32")
    with open(HERE / "minilm.jsonl", "w", encoding="ascii") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    print(how)


main()

"""The bare engine beside onnxruntime on the same model: one interleaved run, a table of medians and ratios.

    bench_engine.py --model-dir DIR --engine build/.../bench_engine [--rounds 9] [--out FILE]

Each round times both sides at each length, one after the other, on each number of threads; the ratio is the median over
rounds of (onnxruntime's median / the engine's median) of that round, so that a slow minute weighs on both."""
import argparse
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime as ort

import ort_graph


class Engine:
    def __init__(self, program, folder, threads, kernels):
        self.child = subprocess.Popen([program, folder, str(threads), kernels], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        first = self.child.stdout.readline().split()
        self.kernels, self.weight_bytes, self.load_ms, self.peak_kib = first[0], int(first[1]), float(first[2]), int(first[3])

    def time(self, tokens, texts, calls):
        self.child.stdin.write(f"{tokens} {texts} {calls}\n")
        self.child.stdin.flush()
        return [int(ns) / 1e6 for ns in self.child.stdout.readline().split()]


class Peer:
    def __init__(self, graph, threads):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def time(self, tokens, texts, calls):
        ids = np.array([[1000 + i * 37 for i in range(tokens)]] * texts, dtype=np.int32)
        feed = {"input_ids": ids, "segment_ids": np.zeros_like(ids), "mask": np.ones_like(ids)}
        out = []
        for _ in range(calls):
            before = time.perf_counter_ns()
            self.session.run(None, feed)
            out.append((time.perf_counter_ns() - before) / 1e6)
        return out


def calls_for(tokens, texts):
    """About as much work at each length; the first two calls only warm the caches."""
    return 2 + max(5, min(40, 1024 // (tokens * texts)))


def measure(engine, peer, shapes, rounds):
    rows = {shape: ([], [], [], []) for shape in shapes}
    for r in range(rounds):
        for shape in shapes:
            n = calls_for(*shape)
            sides = [(0, engine), (1, peer)] if r % 2 == 0 else [(1, peer), (0, engine)]
            for which, side in sides:
                time.sleep(0.03)  # long enough for the other side's threads to stop spinning
                times = side.time(*shape, n)[2:]
                rows[shape][which].extend(times)
                rows[shape][2 + which].append(statistics.median(times))
    return rows


def table(rows, threads):
    out = []
    for (tokens, texts), (ours, theirs, our_medians, their_medians) in rows.items():
        ratio = statistics.median(b / a for a, b in zip(our_medians, their_medians))
        shape = str(tokens) if texts == 1 else f"{texts} x {tokens}"
        out.append(f"| {threads} | {shape} | {statistics.median(ours):.2f} | {min(ours):.2f} | "
                   f"{statistics.median(theirs):.2f} | {min(theirs):.2f} | {ratio:.2f} | {min(theirs) / min(ours):.2f} |")
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-dir", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--kernels", default="auto")
    parser.add_argument("--threads", default="2,1")
    parser.add_argument("--tokens", default="8,16,32,128,256,16x32,128x8")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out")
    args = parser.parse_args()
    shapes = []
    for text in args.tokens.split(","):
        tokens, _, texts = text.partition("x")
        shapes.append((int(tokens), int(texts or 1)))
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        graph = os.path.join(folder, "bert.onnx")
        ort_graph.build(args.model_dir, graph)
        for threads in [int(t) for t in args.threads.split(",")]:
            engine, peer = Engine(args.engine, args.model_dir, threads, args.kernels), Peer(graph, threads)
            lines += table(measure(engine, peer, shapes, args.rounds), threads)
    head = [
        f"Engine kernels: {engine.kernels}; onnxruntime {ort.__version__}, float32, its fused graph (EmbedLayerNormalization,",
        "Attention, SkipLayerNormalization, BiasGelu) of the same weights, intra-op threads as in the first column. Batch of",
        f"one text unless the column says otherwise, tokenizer excluded, {args.rounds} interleaved rounds; milliseconds.",
        "", "| threads | tokens | engine median | min | onnxruntime median | min | ratio of medians | ratio of minima |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    tail = ["", f"Loading: {engine.load_ms:.0f} ms on one thread from the page cache; weights {engine.weight_bytes / 2**20:.1f} MiB, "
                f"peak memory after loading {engine.peak_kib / 1024:.1f} MiB "
                f"({engine.peak_kib * 1024 / engine.weight_bytes:.2f} times the weights)."]
    text = "\n".join(head + lines + tail) + "\n"
    print(text)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as f:
            f.write(text)


main()

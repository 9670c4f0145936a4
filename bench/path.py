"""Measures the confidential path with the real programs and prints its section of docs/BENCHMARKS.md.

    python3 bench/path.py [--rounds N] [--seconds N]

Simulated platform: everything but the hardware is what runs in production. The client, the relay, the enclave and the
bare engine share this machine's cores, which a deployment would not make them do.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "release")
BIN = os.path.join(BUILD, "bin")
MODEL = os.path.join(ROOT, "models", "minilm")
COLD_STARTS = 5


def run(name, *words, folder=None):
    program = name if os.path.isabs(name) else os.path.join(BIN, name)
    return subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True, cwd=folder).stdout


class Running:
    """A program in the background; ready when its log says so."""

    def __init__(self, folder, name, config):
        self.log = os.path.join(folder, f"{name}.log")
        words = [os.path.join(BIN, name), "--config", os.path.join(folder, config)]
        if name == "eml-enclave-sim":
            words += ["--policy-out", os.path.join(folder, "policy.json")]
        self.started = time.monotonic()
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(words, stderr=out, stdout=out, stdin=subprocess.DEVNULL)
        while not self.event("ready"):
            if self.process.poll() is not None:
                sys.exit(f"{name} ended: {open(self.log).read()}")
            time.sleep(0.002)
        self.ready_ms = (time.monotonic() - self.started) * 1000

    def event(self, name):
        with open(self.log) as f:
            for line in f:
                if line.endswith("\n") and json.loads(line)["event"] == name:
                    return json.loads(line)
        return None

    def peak_mib(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def prepare(folder):
    def put(name, content):
        with open(os.path.join(folder, name), "w") as f:
            json.dump(content, f)

    run("eml", "keygen", "--out", f"{folder}/sign.key")
    run("eml", "model", "pack", "--model-dir", MODEL, "--id", "minilm", "--version", 1, "--sign-key",
        f"{folder}/sign.key", "--out", f"{folder}/m.pkg")
    publisher = json.loads(run("eml", "model", "inspect", f"{folder}/m.pkg", "--json"))["publisher"]
    put("enclave.json", {"listen": f"unix:{folder}/enclave.sock", "service": "bench", "state_dir": ".", "threads": 2,
                         "model": {"package": "m.pkg", "publisher_key": publisher, "key_file": "m.pkg.key"}})
    put("host.json", {"listen": "tcp:127.0.0.1:0", "upstream": f"unix:{folder}/enclave.sock"})
    return put


def cold_starts(folder):
    times = []
    for _ in range(COLD_STARTS):
        enclave = Running(folder, "eml-enclave-sim", "enclave.json")
        times.append(enclave.ready_ms)
        memory = enclave.peak_mib(), enclave.event("model loaded")["weight_bytes"] / 2**20
        enclave.stop()
    return statistics.median(times), *memory


def figures(text, kind):
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == kind:
            yield {k: v for k, v in (w.split("=") for w in words[1:] if "=" in w)} | {"bare": "bare" in words}


def table(titles, rows):
    return ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles),
            *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""]


def latency_lines(text):
    lines = ["One request at a time, one text, client to relay to enclave and back, receipt verified; against the bare "
             "engine call (tokenizer included in both); medians of interleaved rounds.", ""]
    rows = [(f["tokens"], f["bare_us"], f["path_us"], f["overhead_us"], f["overhead_percent"] + " %",
             f"{f['bare_min_us']} / {f['path_min_us']}") for f in figures(text, "latency")]
    return lines + table(("tokens", "bare, us", "confidential, us", "overhead, us", "overhead", "minima, us"), rows)


def throughput_lines(text):
    rows = []
    for f in figures(text, "throughput"):
        name = "bare engine, one thread of requests" if f["bare"] else f"{f['sessions']} sessions"
        rows.append((name, f["texts_per_s"], "100 %" if f["bare"] else f["of_bare_percent"] + " %"))
    return ["Texts of 16 tokens, 32 a request, four requests in flight on each session; batched across sessions; the "
            "bare engine in batches of 64. Percentages are medians of pairs, bare and path in turn.", "",
            *table(("", "texts a second", "of bare"), rows)]


def bench_programs():
    """What the small benchmark programs print, as they print it."""
    lines = []
    folder = os.path.join(BUILD, "bench")
    for name in ("bench_crypto", "bench_receipt", "bench_channel", "bench_verify"):
        program = os.path.join(folder, name)
        if not os.access(program, os.X_OK):
            continue
        done = subprocess.run([program], capture_output=True, text=True, cwd=ROOT)
        if done.returncode == 0:
            lines += [f"`{name}`:", "", "```", done.stdout.strip(), "```", ""]
    return lines


def measure(options):
    with tempfile.TemporaryDirectory(prefix="eml-bench-") as folder:
        put = prepare(folder)
        cold_ms, peak, weights = cold_starts(folder)
        enclave = Running(folder, "eml-enclave-sim", "enclave.json")
        host = Running(folder, "eml-host", "host.json")
        put("client.json", {"connect": host.event("ready")["listen"], "policy": "policy.json"})
        text = run("eml", "bench", "--config", f"{folder}/client.json", "--model-dir", MODEL, "--threads", 2,
                   "--rounds", options.rounds, "--seconds", options.seconds)
        loaded = enclave.peak_mib()
        host.stop()
        enclave.stop()
    handshake = next(figures(text, "handshake"))
    facts = [("handshake, client's view: evidence made (simulated NSM) and verified, keys confirmed",
              f"{handshake['median_us']} us (minimum {handshake['min_us']} us)"),
             ("cold start: from the encrypted package to ready, file cache warm", f"{cold_ms:.0f} ms"),
             ("peak memory when ready", f"{peak:.0f} MiB, {peak / weights:.2f} times the weights ({weights:.0f} MiB)"),
             ("peak memory after the throughput runs", f"{loaded:.0f} MiB")]
    return [*latency_lines(text), *table(("", "measured"), facts), *throughput_lines(text),
            *bench_programs()]


def main():
    parser = argparse.ArgumentParser(description="measure the confidential path")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=5)
    print("\n".join(measure(parser.parse_args())).rstrip())


main()

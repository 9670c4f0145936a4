"""The whole path with the real programs and the real model: pack, enclave, host, session, receipt, verify, replay."""
import contextlib
import json
import os
import re
import shutil
import subprocess

from _eml import BIN, ROOT, Place, Skip, equal, expect, free_port, main, need_model


class World:
    """A simulated enclave behind a host, and what a client needs to talk to it."""

    def __init__(self, place, **enclave):
        self.place = place
        model = need_model()
        place.run("eml", "keygen", "--out", place.path("sign.key"))
        place.run("eml", "model", "pack", "--model-dir", model, "--id", "minilm", "--version", 3, "--sign-key",
                  place.path("sign.key"), "--out", place.path("m.pkg"))
        facts = place.run("eml", "model", "inspect", place.path("m.pkg"), "--json").json()
        self.publisher = facts["publisher"]
        self.config = {"listen": f"unix:{place.path('enclave.sock')}", "service": "test", "state_dir": ".", "threads": 2,
                       "model": {"package": "m.pkg", "publisher_key": self.publisher, "min_version": 3,
                                 "key_file": "m.pkg.key"}, **enclave}
        self.port = free_port()
        place.write("enclave.json", self.config)
        place.write("host.json", {"listen": f"tcp:127.0.0.1:{self.port}", "upstream": self.config["listen"]})
        place.write("client.json", {"connect": f"tcp:127.0.0.1:{self.port}", "policy": "policy.json"})
        self.enclave = self.start_enclave()
        self.host = place.start("eml-host", "--config", place.path("host.json"), ready="127.0.0.1")

    def start_enclave(self):
        return self.place.start("eml-enclave-sim", "--config", self.place.path("enclave.json"), "--policy-out",
                                self.place.path("policy.json"), ready='"event":"ready"')

    def policy(self, **changes):
        policy = {**json.loads(self.place.read("policy.json")), **changes}
        self.place.write("policy.json", policy)
        return policy

    def eml(self, command, *words, code=0):
        return self.place.run("eml", command, "--config", self.place.path("client.json"), *words, code=code)


@contextlib.contextmanager
def world(**enclave):
    with Place() as place:
        yield World(place, **enclave)


def test_embedding_is_the_engines():
    with world() as w:
        texts = ["hello world", "Was kostet das?", "", "a " * 400]
        words = [x for t in texts for x in ("--text", t)]
        local = w.place.run("eml", "local", "embed", "--model-dir", need_model(), "--json", *words).json_lines()
        remote = w.eml("embed", "--json", *words).json_lines()
        for a, b in zip(local, remote, strict=True):
            equal(b.pop("simulated"), True, "every line of a simulated platform says so")
            equal(b, a, "the session's embedding")
        expect(remote[3]["truncated"] and not remote[0]["truncated"], remote)


def test_attest():
    with world() as w:
        said = w.eml("attest", "--json", "--save", w.place.path("ev")).json()
        equal((said["verdict"], said["simulated"], said["service"]), ("accept", True, "test"))
        expect("SIMULATED" in w.eml("attest").out, "text output says SIMULATED")
        saved = w.place.run("eml-verify", "evidence", w.place.path("ev", "evidence.bin"), "--type", "simulated",
                            "--policy", w.place.path("ev", "policy.json"), "--json").json()
        equal(saved["verdict"], "accept")
        client = {"connect": f"tcp:127.0.0.1:{w.port}", "policy": "policy.json", "state": "seen.json"}
        w.place.write("client.json", client)
        for _ in range(2):  # makes the file, then reads it
            w.eml("attest")
            seen = json.loads(w.place.read("seen.json"))
            equal(seen, {"version": 1, "tdx_tcb": 0, "tdx_qe": 0, "sgx_tcb": 0, "sgx_qe": 0, "policy_serial": 0},
                  "nothing of Intel's was seen, and no signed policy")
        w.place.write("seen.json", "{}")
        w.eml("attest", code=30)  # a state that does not parse is not forgotten
        w.place.write("client.json", {**client, "state": "other.json", "collateral": "missing.json"})
        expect("collateral" in w.eml("attest", code=None).err, "a file that is named must be there")


def test_receipt_verifies_and_replays():
    with world() as w:
        p = w.place
        w.eml("embed", "--text", "secret prompt", "--receipt", p.path("r.cbor"), "--save-evidence", p.path("ev"))
        equal(p.read("r.cbor"), p.read("ev", "receipt-0001.cbor"))
        files = ["--request", p.path("ev", "request-0001.cbor"), "--response", p.path("ev", "response-0001.cbor")]
        trust = ["--evidence", p.path("ev", "evidence.bin"), "--policy", p.path("ev", "policy.json")]
        p.run("eml-verify", "receipt", p.path("r.cbor"), *trust, *files)
        replay = ["replay", "--receipt", p.path("r.cbor"), "--model-dir", need_model()]
        for more in ([], ["--kernels", "reference", "--threads", "1"], ["--key", p.read("ev", "receipt-key.hex").decode()]):
            equal(p.run("eml", *replay, *files, *more, "--json").json()["equal"], True)
        # One bit of anything: refused.
        for name, option in (("ev/request-0001.cbor", 0), ("ev/response-0001.cbor", 2)):
            data = bytearray(p.read(*name.split("/")))
            data[len(data) // 2] ^= 1
            changed = [*files]
            changed[option + 1] = p.write("changed", bytes(data))
            p.run("eml-verify", "receipt", p.path("r.cbor"), *trust, *changed, code=10)
            p.run("eml", *replay, *changed, code=10)
        receipt = bytearray(p.read("r.cbor"))
        receipt[-1] ^= 1
        p.write("changed", bytes(receipt))
        p.run("eml-verify", "receipt", p.path("changed"), *trust, *files, code=10)
        other = p.run("eml", "local", "embed", "--model-dir", need_model(), "--json", "--text", "another").json_lines()
        expect(len(other) == 1, other)


def test_runs_behind_a_system_call_filter():
    if os.environ.get("EML_LANE", "plain") != "plain":
        raise Skip("a sanitizer's runtime needs more calls than the filter allows")
    with world() as w:
        w.eml("embed", "--text", "x", "--receipt", w.place.path("r.cbor"), "--save-evidence", w.place.path("ev"))
        for task in os.listdir(f"/proc/{w.enclave.process.pid}/task"):  # the filter is each thread's own
            with open(f"/proc/{w.enclave.process.pid}/task/{task}/status") as f:
                state = dict(line.split(":\t", 1) for line in f if ":\t" in line)
            equal((state["Seccomp"].strip(), state["NoNewPrivs"].strip()), ("2", "1"), f"thread {task}")
        said = w.place.run("eml-verify", "receipt", w.place.path("r.cbor"), "--evidence", w.place.path("ev", "evidence.bin"),
                           "--policy", w.place.path("ev", "policy.json"), "--allow-evaluation", "--json").json()
        expect(said["claims"]["memory_peak_mb"] > 0, f"the enclave can still tell its memory: {said['claims']}")


def test_a_thousand_lines():
    with world() as w:
        p = w.place
        p.write("lines", "".join(f"line number {i}\n" for i in range(1000)))
        out = w.eml("embed", "--lines", p.path("lines"), "--json", "--receipt", p.path("r.cbor")).json_lines()
        equal([line["text_index"] for line in out], list(range(1000)), "order")
        receipts = [n for n in os.listdir(p.dir) if n.startswith("r.")]
        equal(len(receipts), -(-1000 // 64), "one receipt a request")
        expect("r.2.cbor" in receipts, receipts)


def test_policies_that_do_not_fit():
    with world() as w:
        good = w.policy()
        release = good["simulated"]["releases"][0]
        bad = [
            ({"trust_simulated_root": "00" * 32}, 10, "root"),
            ({"simulated": {"releases": [{**release, "pcr0": "11" * 48}]}}, 10, "measurements"),
            ({"service": "another"}, 10, "service"),
            ({"models": ["22" * 32]}, 10, "model"),
            ({"freshness": ["epoch"]}, 1, "not supported"),
        ]
        for change, code, check in bad:
            w.place.write("policy.json", {**good, **change})
            for command in (["attest"], ["embed", "--text", "x"]):
                out = w.eml(*command, code=None)
                equal(out.code, code, f"{check}: {out}")
                expect("0." not in out.out and check in out.out + out.err, f"{check} is named: {out}")
        del good["trust_simulated_root"]
        w.place.write("policy.json", good)
        expect(w.eml("attest", code=None).code != 0, "simulated evidence without trust in its root")


def test_epoch():
    with world(epoch_s=60) as w:
        w.policy(freshness=["epoch"])
        w.eml("embed", "--text", "x")
        w.policy(freshness=["session"])
        w.eml("embed", "--text", "x")


def test_the_policy_goes_to_the_state_folder():
    with world() as w:
        expect(not os.path.exists(w.place.path("sim-policy.json")), "one policy, where it was asked for")
        asked_for = w.place.read("policy.json")
        w.enclave.stop()
        w.place.start("eml-enclave-sim", "--config", w.place.path("enclave.json"), ready='"event":"ready"')
        equal(w.place.read("sim-policy.json"), asked_for)


def test_suites():
    with world() as w:
        for suite in ("aes-256-gcm", "chacha20-poly1305"):
            w.place.write("client.json", {"connect": f"tcp:127.0.0.1:{w.port}", "policy": "policy.json", "suite": suite})
            w.eml("embed", "--text", "x")


def test_restart_keeps_the_root():
    with world() as w:
        root = w.policy()["trust_simulated_root"]
        equal(w.enclave.stop(), 0, "exit code after SIGTERM")
        out = w.eml("embed", "--text", "x", code=None)
        expect(out.code == 1 and len(out.err.strip().splitlines()) == 1, f"one line when the enclave is down: {out}")
        w.enclave = w.start_enclave()
        equal(w.policy()["trust_simulated_root"], root)
        w.eml("embed", "--text", "x")


def one_line(out, code):
    equal(out.code, code, out)
    expect(len(out.err.strip().splitlines()) == 1 and out.err.startswith("eml"), f"one line: {out}")


def test_enclave_refuses_bad_configurations():
    with world() as w:
        p = w.place
        w.enclave.stop()

        def start(code, **changes):
            p.write("bad.json", {**w.config, **changes})
            out = p.run("eml-enclave-sim", "--config", p.path("bad.json"), code=None)
            last = [line for line in out.err.splitlines() if not line.startswith("{")]
            expect(out.code == code and len(last) == 1, f"exit {code} and one line: {out}")

        start(2, unknown=1)
        start(2, threads=0)
        start(2, listen="nowhere")
        start(10, model={**w.config["model"], "min_version": 4})
        start(10, model={**w.config["model"], "publisher_key": "33" * 32})
        start(1, model={**w.config["model"], "package": "missing.pkg"})
        p.write("broken.json", "{")
        one_line(p.run("eml-enclave-sim", "--config", p.path("broken.json"), code=None), 2)
        one_line(p.run("eml-enclave", "--config", p.path("enclave.json"), code=None), 2)


def test_nobody_there():
    with Place() as p:
        p.write("client.json", {"connect": f"tcp:127.0.0.1:{free_port()}", "policy": "policy.json"})
        p.write("policy.json", {"version": 1, "trust_simulated_root": "00" * 32,
                                "simulated": {"releases": [{"name": "x", "pcr0": "11" * 48}]}})
        one_line(p.run("eml", "attest", "--config", p.path("client.json"), code=None), 1)
        p.write("policy.json", {})
        one_line(p.run("eml", "attest", "--config", p.path("client.json"), code=None), 30)
        one_line(p.run("eml", "embed", "--config", p.path("client.json"), code=None), 2)
        one_line(p.run("eml", "embed", "--config", p.path("none.json"), "--text", "x", code=None), 1)


def tour():
    """The commands of the README's tour, but for those that need a model fetched or evidence of real hardware."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        page = f.read().split("## A tour")[1].split("## What it promises")[0]
    words = ("eml ", "eml-", "cp ", "publisher=", "signer=")
    return [line for line in page.splitlines() if line.startswith(words) and not re.search(r"\b(quote|report)\.bin", line)]


def test_the_readmes_tour():
    with Place() as place:
        shutil.copytree(os.path.join(ROOT, "examples"), place.path("examples"))
        shutil.copy(os.path.join(ROOT, "README.md"), place.dir)
        os.makedirs(place.path("models"))
        os.symlink(os.path.abspath(need_model()), place.path("models", "minilm"))
        ports = {"7000": str(free_port()), "7001": str(free_port())}
        for name in ("enclave", "host", "client"):
            text = place.read("examples", name + ".json").decode()
            place.write(f"examples/{name}.json", re.sub("700[01]", lambda m: ports[m[0]], text))
        up = f"until [ -e policy.json ] && (exec 3<>/dev/tcp/127.0.0.1/{ports['7000']}) 2>/dev/null; do sleep 0.1; done"
        lines = ["set -e", "trap 'kill $(jobs -p)' EXIT"]
        for line in tour():
            lines += [line, up] if line.startswith("eml-host ") else [line]
        expect(len(lines) > 15, lines)
        run = subprocess.run(["bash", "-c", "\n".join(lines)], cwd=place.dir, capture_output=True, text=True, timeout=600,
                             stdin=subprocess.DEVNULL, env={**os.environ, "PATH": BIN + ":" + os.environ["PATH"]})
        equal(run.returncode, 0, f"{run.stdout[-2000:]}\n{run.stderr[-2000:]}")
        expect(os.path.exists(place.path("receipt.cbor")), "a receipt")


main()

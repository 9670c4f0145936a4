"""eml-verify evidence, checks and selftest: what is shown, what is written, and what wrong input gets."""
import base64
import hashlib
import html.parser
import json
import os
import subprocess
import threading
import time

from _eml import Place, Skip, equal, expect, main, program
from _receipts import AT, Platform, g

SLOW_LANE = os.environ.get("EML_LANE", "plain") != "plain"
TYPES = ("nitro", "simulated", "tdx", "sgx", "snp", "nvidia-gpu", "cs-token")
HOSTILE = "<script>alert(1)</script>'\"&lt;"


def accepted(place, **changed):
    platform = Platform()
    place.write("e", platform.evidence(**changed))
    place.write("p", platform.policy())
    return ["evidence", "e", "--type", "simulated", "--policy", "p", "--at", str(AT)]


class Page(html.parser.HTMLParser):
    """Elements in order, and whether each that was opened was closed."""
    VOID = ("meta", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], [], []
        self.feed(text)
        equal(self.open, [], "elements that nobody closed")

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        equal(self.open.pop() if self.open else None, tag, "element that closes another")

    def handle_data(self, data):
        self.words.append(data)


def self_contained(text):
    page = Page(text)
    for tag, attrs in page.seen:
        expect(tag not in ("script", "link", "img", "iframe", "object", "embed", "svg", "form", "input", "base"), tag)
        for name in attrs:
            expect(not name.startswith("on") and name not in ("src", "href", "style", "action"), (tag, name))
    policies = [a["content"] for t, a in page.seen if a.get("http-equiv") == "Content-Security-Policy"]
    equal(policies, ["default-src 'none'; style-src 'unsafe-inline'"])
    expect("url(" not in text and "@import" not in text, "the style fetches something")
    expect(("html", {"lang": "en"}) in page.seen and any(t == "title" for t, _ in page.seen), "language, title")
    headings = [t for t, _ in page.seen if t in ("h1", "h2", "h3")]
    expect(headings[0] == "h1" and headings.count("h1") == 1, headings)
    expect(all(a.get("scope") in ("row", "col") for t, a in page.seen if t == "th"), "a heading cell without scope")
    equal(sum(t == "caption" for t, _ in page.seen), sum(t == "table" for t, _ in page.seen), "captions")
    return " ".join(page.words)


def test_report_of_accepted_evidence():
    with Place() as place:
        words = accepted(place)
        said = place.run("eml-verify", *words, "--html", "out.html", "--json").json()
        text = self_contained(place.read("out.html").decode("ascii"))
        expect("Accepted" in text and "SIMULATED" in text and said["evidence"]["sha256"] in text, text[:300])
        for check in said["checks"]:
            expect(check["id"] in text, check)
        for sentence in said["not_proven"]:
            expect(sentence in text, sentence)
        expect(text.index("Accepted") < text.index("What was checked") < text.index("What is not proven")
               < text.index("The bytes that were looked at"), "order")
        equal(os.stat(place.path("out.html")).st_mode & 0o777, 0o644)
        equal([n for n in os.listdir(place.dir) if n not in ("e", "p", "out.html")], [])


def test_what_is_not_proven_of_an_enclave_and_its_gpus():
    with Place() as place:
        platform, devices = Platform(), b"[]"
        place.write("d", devices)
        place.write("e", platform.evidence(platform.statement({10: g.bstr(hashlib.sha256(devices).digest())})))
        place.write("p", platform.policy(nvidia_gpu={"gpus": 1, "min_driver": "550"}))
        words = ["eml-verify", "evidence", "e", "--type", "simulated", "--policy", "p", "--at", str(AT), "--html", "o", "--json"]
        alone = place.run(*words, code=10).json()["not_proven"]
        said = place.run(*words, "--devices", "d", code=None).json()
        expect("gpu.evidence" in [c["id"] for c in said["checks"]], said["checks"])
        gpus = place.run("eml-verify", "evidence", "d", "--type", "nvidia-gpu", "--json", code=30).json()["not_proven"]
        own = [line for line in gpus if line not in alone]
        expect(len(own) >= 3 and said["not_proven"] == alone[:1] + own + alone[1:], said["not_proven"])
        text = self_contained(place.read("o").decode("ascii"))
        for sentence in said["not_proven"]:
            expect(sentence in text, sentence)


def test_report_of_other_verdicts():
    with Place() as place:
        words = accepted(place)
        rows = [(["--nonce", "06" * 32], 10, "Rejected"), (["--at", "1"], 10, "Rejected")]
        place.write("bad", b"\xff\xff")
        for extra, code, word in rows:
            place.run("eml-verify", *words[:-2], *(extra if "--at" in extra else [*extra, "--at", str(AT)]),
                      "--html", "o", code=code)
            expect(word in self_contained(place.read("o").decode("ascii")), word)
        place.run("eml-verify", "evidence", "bad", "--type", "nitro", "--html", "o", code=30)
        text = self_contained(place.read("o").decode("ascii"))
        expect("Malformed" in text and "Nothing that it says is shown" in text, text[:200])


def test_report_of_hostile_evidence():
    with Place() as place:
        words = accepted(place, module_id=HOSTILE)
        place.write("e" + "<b>", place.read("e"))
        words[1] = "e<b>"
        place.run("eml-verify", *words, "--html", "o")
        raw = place.read("o").decode("ascii")
        expect("<script" not in raw and "e<b>" not in raw and HOSTILE in self_contained(raw), "escaped")


def test_hostile_evidence_does_not_reach_the_terminal():
    """What a failure quotes of its input stays one line, in every program that prints it."""
    hostile = "\x1b[2J\x1b]0;x\x07\r\nverdict: accept\u009b\u202e"
    header = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "typ": "JWT", hostile: 1}).encode()).decode().rstrip("=")
    with Place() as place:
        place.write("token", f"{header}.e30.AAAA")
        place.write("tcb", json.dumps({"tcbInfo": {}, "signature": "00", hostile: 1}))
        place.write("qe", json.dumps({"enclaveIdentity": {}, "signature": "00"}))
        place.write("quote", bytes(64))
        runs = [
            ("eml-verify", "evidence", "token", "--type", "cs-token"),
            ("eml-verify", "evidence", "quote", "--type", "tdx", "--collateral", "tcb", "--collateral", "qe"),
            ("eml", "policy", "init", "--from-evidence", "token", "--type", "cs-token"),
        ]
        for run in runs:
            said = place.run(*run, code=None)
            expect(said.code != 0 and "verdict: accept" in said.out + said.err, said)
            for line in (said.out + said.err).split("\n"):
                expect(all(" " <= c < "\x7f" for c in line) and not line.startswith("verdict: accept"), (run, line))


NO_PROVIDERS = """openssl_conf = init
[init]
providers = providers
alg_section = properties
[providers]
null = null
[null]
activate = 1
[properties]
default_properties = fips=yes
"""


def test_a_hostile_environment_changes_nothing():
    """Nothing is loaded or configured from outside: neither a library, nor what libcrypto does."""
    with Place() as place:
        words = accepted(place)
        place.write("openssl.cnf", NO_PROVIDERS)
        env = {"OPENSSL_CONF": place.path("openssl.cnf"), "OPENSSL_MODULES": place.path("."), "SSL_CERT_FILE": place.path("e")}
        if not SLOW_LANE:  # a sanitizer's runtime is a library
            env["LD_PRELOAD"] = place.path("none.so")
        usual = place.run("eml-verify", *words)
        hostile = place.run("eml-verify", *words, env=env)
        equal((hostile.code, hostile.out, hostile.err), (0, usual.out, ""))


def test_report_is_whole_or_not_there():
    with Place() as place:
        words = accepted(place)
        place.write("o", "before")
        for extra, code in ((["--policy", "none"], 1), (["--nonce", "zz"], 2)):
            full = [w for w in words if w not in ("--policy", "p")] if "--policy" in extra else words
            place.run("eml-verify", *full, *extra, "--html", "o", code=code)
            equal(place.read("o"), b"before", "what no verdict replaces")
        for bad, code in (("none/o", 1), (".", 2), ("e", 2), ("./p", 2)):
            out = place.run("eml-verify", *words, "--html", bad, code=code)
            equal((out.out, len(out.err.strip().splitlines())), ("", 1), out)
        place.write("d", "[]")
        place.run("eml-verify", *words, "--devices", "d", "--html", "d", code=2)
        equal(place.read("d"), b"[]", "an input stays")
        equal(sorted(os.listdir(place.dir)), ["d", "e", "o", "p"])
        place.run("eml-verify", *words, "--html", "o")
        expect(place.read("o").startswith(b"<!DOCTYPE html>"), "replaced")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(word) for word in f.read().split()]


def sandboxed(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        said = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    return (said["Seccomp"].strip(), said["NoNewPrivs"].strip()) == ("2", "1")


def test_who_reads_evidence_writes_nothing():
    if SLOW_LANE:
        raise Skip("no system call filter in an instrumented build")
    with Place() as place:
        os.mkfifo(place.path("e"))
        process = subprocess.Popen([program("eml-verify"), "evidence", place.path("e"), "--type", "nitro", "--html",
                                    place.path("o")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.4)  # one waits for the evidence, the other for the first
            readers = children_of(process.pid)
            equal(len(readers), 1)
            expect(sandboxed(readers[0]), "the process that reads evidence is in the sandbox")
            for name in os.listdir(f"/proc/{process.pid}/fd"):
                expect(os.readlink(f"/proc/{process.pid}/fd/{name}") != place.path("e"), "who writes reads no evidence")
        finally:
            threading.Thread(target=lambda: open(place.path("e"), "wb").close(), daemon=True).start()
            equal(process.wait(20), 30)
        expect("Malformed" in place.read("o").decode("ascii"), "written by the other process")


def test_a_verifier_that_is_killed_writes_nothing():
    with Place() as place:
        os.mkfifo(place.path("e"))
        process = subprocess.Popen([program("eml-verify"), "evidence", place.path("e"), "--type", "nitro", "--html",
                                    place.path("o")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.4)
        os.kill(children_of(process.pid)[0], 9)
        equal(process.wait(20), 1)
        expect("stopped by signal 9" in process.stderr.read(), "one line")
        equal(os.listdir(place.dir), ["e"])


def test_explain():
    with Place() as place:
        words = accepted(place)
        evidence = place.read("e")
        said = place.run("eml-verify", *words, "--json", "--explain").json()
        rows = said["explain"]
        equal(said["explain_is_complete"], True)
        expect({"document", "root", "certificates.chain", "signature"} <= {r["check"] for r in rows}, rows)
        for row in rows:
            equal(len(row["hex"]), 2 * row["length"])
            if row["input"] == "evidence":
                equal(evidence[row["offset"]:row["offset"] + row["length"]].hex(), row["hex"], row["label"])
        expect("explain" not in place.run("eml-verify", *words, "--json").json(), "only when asked for")
        text = place.run("eml-verify", *words, "--explain").out
        signature = next(r for r in rows if r["label"] == "signature")
        expect(f"evidence, offset {signature['offset']}, length 96: signature" in text, "where it stands")
        expect(f"{signature['offset']:08x}  {evidence[-96:-95].hex()} " in text, "and the bytes")


def test_without_a_policy_nothing_is_pinned():
    with Place() as place:
        accepted(place)
        text = place.run("eml-verify", "evidence", "e", "--type", "simulated", "--at", str(AT), code=10).out
        expect("TRUST_ANCHOR_MISSING" in text, "a simulated root needs a policy")
        said = place.run("eml-verify", "evidence", "--help").out
        expect("nothing was pinned" in said, said)


def test_list_of_checks():
    with Place() as place:
        listed = place.run("eml-verify", "checks", "--json").json()["types"]
        names = [t["type"] for t in listed]
        expect(set(names) <= set(TYPES) and {"nitro", "simulated"} <= set(names), names)
        for t in listed:
            for check in t["checks"]:
                expect(all(check[k] for k in ("id", "code", "source", "fix")), check)
            one = place.run("eml-verify", "checks", "--type", t["type"], "--json").json()["types"]
            equal(one, [t])
            expect(t["checks"][0]["code"] in place.run("eml-verify", "checks", "--type", t["type"]).out, t["type"])
        place.run("eml-verify", "checks", "--type", "abacus", code=2)
        place.run("eml-verify", "checks", "e", code=2)


def test_selftest():
    with Place() as place:
        said = place.run("eml-verify", "selftest", "--json").json()
        equal((said["verdict"], said["evidence"][0]["missed"]), ("accept", 0))
        expect(said["evidence"][0]["tried"] >= 200, said)
        expect({"document", "root", "signature", "certificates.chain", "certificates.time", "nonce", "measurements"}
               <= set(said["evidence"][0]["by_check"]), said)
        expect(place.run("eml-verify", "selftest").out.endswith("selftest: passed\n"), "text")
        accepted(place)
        words = ["--type", "simulated", "--policy", "p", "--at", str(AT)]
        said = place.run("eml-verify", "selftest", "e", "e", *words, "--json").json()
        equal([e["missed"] for e in said["evidence"]], [0, 0])


def test_selftest_needs_good_evidence():
    with Place() as place:
        accepted(place)
        for words, code in ((["e"], 2), (["e", "--type", "simulated"], 10), (["--type", "nitro"], 2),
                            (["e", "--type", "simulated", "--policy", "p", "--at", "1"], 10), (["none", "--type", "nitro"], 1)):
            out = place.run("eml-verify", "selftest", *words, code=None)
            expect(out.code != 0 and len(out.err.strip().splitlines()) == 1 and out.out == "", out)
            if code in (1, 2):
                equal(out.code, code, words)


def judged_types():
    with Place() as place:
        return [t["type"] for t in place.run("eml-verify", "checks", "--json").json()["types"]]


def test_nothing_of_one_type_is_another():
    with Place() as place:
        words = accepted(place)
        for name in judged_types():
            if name == "simulated":
                continue
            out = place.run("eml-verify", "evidence", "e", "--type", name, "--policy", "p", "--at", str(AT), code=None)
            expect(out.code in (10, 20, 30) and "accept" not in out.out.splitlines()[-2], out)
        place.run("eml-verify", *words)


GARBAGE = {
    "empty": b"", "one": b"\x00", "zeros": bytes(5000), "ones": b"\xff" * 5000, "json": b"{}", "array": b"[]",
    "deep": b"[" * 20000, "text": b"hello\n", "half": b'{"a":', "token": b"a.b.c", "tag": b"\xd2\x84\x40\xa0\x40\x40",
    "pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "big": bytes(900000), "utf8": b'"\xff"',
}


def test_garbage_is_malformed_or_refused():
    with Place() as place:
        for name, content in GARBAGE.items():
            place.write(name, content)
            for kind in judged_types():
                out = place.run("eml-verify", "evidence", name, "--type", kind, "--json", code=None)
                said = out.json()
                expect(out.code in (10, 20, 30) and said["verdict"] != "accept", (name, kind, out.code))
                expect(any(c["status"] == "FAIL" for c in said["checks"]), (name, kind))
                equal(said["evidence"]["is_authentic"], False, (name, kind))


def test_garbage_beside_evidence():
    options = ("--collateral", "--certs", "--crl", "--jwks", "--event-log", "--reference-values", "--statement")
    with Place() as place:
        words = accepted(place)
        place.write("q", bytes(300) + b"\x04\x00")
        for name, content in list(GARBAGE.items())[::3 if SLOW_LANE else 1]:
            place.write(name, content)
            for option in options:
                for full in (words, ["evidence", "q", "--type", "tdx"], ["evidence", "q", "--type", "cs-token"]):
                    if full[-1] not in judged_types() and full is not words:
                        continue
                    out = place.run("eml-verify", *full, option, name, code=None)
                    expect(out.code in (0, 1, 10, 20, 30), (name, option, out.code, out.err))
                    expect(len(out.err.strip().splitlines()) <= 1, out.err)


def test_files_that_cannot_be_used():
    with Place() as place:
        words = accepted(place)
        place.write("huge", bytes(3 << 20))
        one_line = [(["evidence", "none", "--type", "nitro"], 1), (["evidence", ".", "--type", "nitro"], 1),
                    (["evidence", "huge", "--type", "nitro"], 30)]
        for option in ("--collateral", "--certs", "--crl", "--jwks", "--event-log", "--reference-values", "--statement"):
            one_line += [([*words, option, "none"], 1), ([*words, option, "huge"], 30)]
        one_line += [([*words, "--state", "e"], 30), ([*words, "--report-data", "00"], 2), ([*words, "--at", "x"], 2),
                     ([*words, "--html", "o", "--html", "o"], 2)]
        for full, code in one_line:
            out = place.run("eml-verify", *full, code=None)
            expect(out.code == code and out.out == "", (full, out.code, out.err))
            equal(len(out.err.strip().splitlines()), 1, out.err)


def test_state_is_kept():
    with Place() as place:
        words = accepted(place)
        place.run("eml-verify", *words, "--state", "s", "--html", "o")
        expect(json.loads(place.read("s"))["version"] == 1, "state")
        equal(os.stat(place.path("s")).st_mode & 0o777, 0o600)
        before = place.read("s")
        place.run("eml-verify", *words, "--state", "s", "--nonce", "06" * 32, code=10)
        equal(place.read("s"), before, "a refusal teaches nothing")


main()

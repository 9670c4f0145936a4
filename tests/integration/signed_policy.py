"""Signed policies with the real programs: whose they are, which is the newest, and that no number is ever forgotten."""
import concurrent.futures
import json
import os
import time

import _tiny_model
from _eml import Place, equal, expect, free_port, main
from _receipts import AT, Platform

FAR = "2099-01-01T00:00:00Z"


def one_line(out, code, *words):
    equal(out.code, code, out)
    equal((len(out.err.strip().splitlines()), out.out), (1, ""), out)
    for word in words:
        expect(word in out.err, f"'{word}' is not in the line: {out}")


def keygen(place, name):
    return place.run("eml", "keygen", "--out", place.path(name)).out.strip()


def sign(place, policy, key, out, code=0):
    """The policy, changed where a test needs it, in a signed file."""
    place.write("to-sign.json", policy)
    return place.run("eml", "policy", "sign", "--policy", place.path("to-sign.json"), "--sign-key", place.path(key), "--out",
                     place.path(out), code=code)


class World:
    """A simulated enclave with a tiny model behind a host, the policy that accepts it, and two signers."""

    def __init__(self, place):
        self.place = place
        _tiny_model.make(place.path("model"))
        publisher = keygen(place, "publisher.key")
        place.run("eml", "model", "pack", "--model-dir", place.path("model"), "--id", "tiny", "--version", 1, "--sign-key",
                  place.path("publisher.key"), "--out", place.path("m.pkg"))
        self.port = free_port()
        listen = f"unix:{place.path('enclave.sock')}"
        place.write("enclave.json", {"listen": listen, "service": "test", "state_dir": ".", "threads": 1,
                                     "model": {"package": "m.pkg", "publisher_key": publisher, "min_version": 1,
                                               "key_file": "m.pkg.key"}})
        place.write("host.json", {"listen": f"tcp:127.0.0.1:{self.port}", "upstream": listen})
        place.start("eml-enclave-sim", "--config", place.path("enclave.json"), "--policy-out", place.path("plain.json"),
                    ready='"event":"ready"')
        place.start("eml-host", "--config", place.path("host.json"), ready="127.0.0.1")
        self.policy = json.loads(place.read("plain.json"))
        self.key, self.other = keygen(place, "signer.key"), keygen(place, "other.key")

    def sign(self, serial, out, key="signer.key", **changes):
        sign(self.place, {**self.policy, "serial": serial, **changes}, key, out)

    def attest(self, policy, code=0, **client):
        self.place.write("client.json", {"connect": f"tcp:127.0.0.1:{self.port}", "policy": policy, **client})
        return self.place.run("eml", "attest", "--config", self.place.path("client.json"), code=code)


def test_a_client_with_a_policy_key():
    with Place() as place:
        w = World(place)
        w.sign(1, "p1")
        w.sign(1, "foreign", key="other.key")
        w.attest("p1", policy_key=w.key)
        one_line(w.attest("p1", code=None, policy_key=w.other), 10, w.other, "not signed by")
        one_line(w.attest("foreign", code=None, policy_key=w.key), 10, w.key)
        one_line(w.attest("plain.json", code=None, policy_key=w.key), 10, "not a signed policy", "eml policy sign")
        one_line(w.attest("p1", code=None), 2, "--policy-key HEX", "policy_key")
        one_line(w.attest("p1", code=None, policy_key="11"), 2, "policy_key")
        w.attest("plain.json")
        w.sign(1, "ended", not_after="2020-01-01T00:00:00Z")
        one_line(w.attest("ended", code=None, policy_key=w.key), 10, "ended at 2020-01-01T00:00:00Z")


def test_an_older_policy_is_refused():
    with Place() as place:
        w = World(place)
        trust = {"policy_key": w.key, "state": "seen.json"}
        w.sign(3, "p3")
        w.sign(5, "p5", models=["22" * 32])  # no longer accepts what runs there
        w.attest("p3", **trust)
        equal(json.loads(place.read("seen.json"))["policy_serial"], 3)
        w.attest("p5", code=10, **trust)
        equal(json.loads(place.read("seen.json"))["policy_serial"], 5, "remembered whatever the verdict is")
        one_line(w.attest("p3", code=None, **trust), 10, "serial 3", "serial 5", "older than what was seen")
        w.attest("p3", policy_key=w.key)  # without a state nothing is remembered


def test_what_is_saved_verifies():
    with Place() as place:
        w = World(place)
        w.sign(7, "p7")
        place.write("client.json", {"connect": f"tcp:127.0.0.1:{w.port}", "policy": "p7", "policy_key": w.key})
        place.run("eml", "embed", "--config", place.path("client.json"), "--text", "test", "--receipt", place.path("r"),
                  "--save-evidence", place.path("ev"))
        equal(place.read("ev", "policy.cose"), place.read("p7"))
        expect(not os.path.exists(place.path("ev", "policy.json")), "one policy")
        words = ["receipt", place.path("r"), "--evidence", place.path("ev", "evidence.bin"), "--policy",
                 place.path("ev", "policy.cose")]
        place.run("eml-verify", *words, "--policy-key", w.key)
        one_line(place.run("eml-verify", *words, code=None), 2, "--policy-key HEX")
        one_line(place.run("eml-verify", *words, "--policy-key", w.other, code=None), 10, w.other)
        one_line(place.run("eml-verify", "receipt", place.path("r"), "--key", w.key, "--policy-key", w.key, code=None), 2,
                 "--evidence")


def evidence_and_signer(place):
    """Simulated evidence, what eml-verify needs to judge it, and the policy."""
    platform = Platform()
    place.write("e", platform.evidence())
    key = keygen(place, "signer.key")
    return ["evidence", place.path("e"), "--type", "simulated", "--at", str(AT), "--policy-key", key], platform.policy()


def test_the_verifier_remembers():
    with Place() as place:
        words, policy = evidence_and_signer(place)
        sign(place, {**policy, "serial": 4, "not_after": FAR}, "signer.key", "p4")
        sign(place, {**policy, "serial": 9, "not_after": FAR, "service": "another"}, "signer.key", "p9")
        state = ["--state", place.path("s")]
        report = place.run("eml-verify", *words, "--policy", place.path("p4"), *state, "--html", place.path("o.html"))
        expect("accept" in report.out, report)
        expect("policy, serial" in place.read("o.html").decode(), "the report tells whose policy it was")
        place.run("eml-verify", *words, "--policy", place.path("p9"), *state, code=10)
        equal(json.loads(place.read("s"))["policy_serial"], 9, "remembered whatever the verdict is")
        equal(os.stat(place.path("s")).st_mode & 0o777, 0o600)
        one_line(place.run("eml-verify", *words, "--policy", place.path("p4"), *state, code=None), 10, "serial 4", "serial 9")
        sign(place, {**policy, "serial": 11}, "signer.key", "p11")
        nothing = place.run("eml-verify", words[0], place.path("none"), *words[2:], "--policy", place.path("p11"), *state,
                            "--html", place.path("p.html"), code=None)
        one_line(nothing, 1, "none")
        equal(json.loads(place.read("s"))["policy_serial"], 11, "remembered also when the evidence cannot be read")
        expect(not os.path.exists(place.path("p.html")), "no report without a verdict")
        by_plain, by_signed = (place.run("eml-verify", "selftest", *given, "--json").json() for given in (
            [*words[1:-2], "--policy", place.write("plain.json", {**policy, "serial": 4, "not_after": FAR})],
            [*words[1:], "--policy", place.path("p4")]))
        equal(by_signed, by_plain, "the JSON of a signed policy is damaged, not its signature")
        expect(by_plain["evidence"][0]["by_damage"]["other policy"] > 3, by_plain)


def test_an_end_is_an_end():
    with Place() as place:
        words, policy = evidence_and_signer(place)
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(AT))
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(AT - 1))
        for not_after, code in ((end, 0), (before, 10)):
            plain = place.write("plain.json", {**policy, "not_after": not_after})
            file = f"p{code}"
            made = sign(place, {**policy, "serial": 1, "not_after": not_after}, "signer.key", file)
            expect(f"note: the policy ended at {not_after}" in made.err, made)
            for given in ([*words, "--policy", place.path(file)], [*words[:-2], "--policy", plain]):
                out = place.run("eml-verify", *given, code=code)
                expect(code == 0 or f"ended at {before}" in out.err, out)


def test_no_update_is_lost():
    """Many verifiers and one state file: the highest number stays, whoever writes last."""
    with Place() as place:
        words, policy = evidence_and_signer(place)
        serials = range(1, 13)
        for serial in serials:
            sign(place, {**policy, "serial": serial}, "signer.key", f"p{serial}")

        def verify(serial):
            return place.run("eml-verify", *words, "--policy", place.path(f"p{serial}"), "--state", place.path("s"),
                             code=None).code
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            codes = list(pool.map(verify, serials))
        expect(set(codes) <= {0, 10} and codes[-1] == 0, codes)
        equal(json.loads(place.read("s"))["policy_serial"], serials[-1])


def test_the_commands():
    with Place() as place:
        _, policy = evidence_and_signer(place)
        key, other = keygen(place, "k"), keygen(place, "k2")
        made = sign(place, {**policy, "serial": 2, "not_after": FAR}, "k", "p")
        expect(key in made.out and "serial     2" in made.out and FAR in made.out, made)
        verify = ["policy", "verify", place.path("p"), "--policy-key"]
        equal(place.run("eml", *verify, key).out, made.out)
        told = place.run("eml", *verify, key, "--json").json()
        equal((told["signer"], told["serial"], told["not_after"], len(told["sha256"])), (key, 2, FAR, 64))
        one_line(place.run("eml", *verify, other, code=None), 10, other)
        one_line(place.run("eml", *verify, key, "--at", "4070908801", code=None), 10, "ended at " + FAR)
        place.run("eml", *verify, key, "--at", "4070908800")
        explain = ["policy", "explain", place.path("p")]
        told = place.run("eml", *explain, "--policy-key", key).out
        expect(f"signed by the key {key}." in told and "Its serial is 2" in told and f"refused after {FAR}" in told, told)
        one_line(place.run("eml", *explain, code=None), 2, "--policy-key HEX")
        one_line(place.run("eml", *explain, "--policy-key", other, code=None), 10, other)
        plain = place.write("plain.json", policy)
        expect("It has no end." in place.run("eml", "policy", "explain", plain).out, "explain")
        one_line(place.run("eml", "policy", "explain", plain, "--policy-key", key, code=None), 10, "not a signed policy")


def test_what_is_not_signed():
    with Place() as place:
        _, policy = evidence_and_signer(place)
        place.run("eml", "keygen", "--out", place.path("kek"), "--kind", "kek")
        good = {**policy, "serial": 2}
        for what, changed, key, code, word in (
                ("no serial", policy, "signer.key", 2, "serial is missing"),
                ("an unknown key", {**good, "x": 1}, "signer.key", 30, "x"),
                ("no platform", {"version": 1, "serial": 2}, "signer.key", 2, "no platform"),
                ("another kind of key", good, "kek", 30, "eml-signing-key")):
            one_line(sign(place, changed, key, "out", code=None), code, word)
            expect(not os.path.exists(place.path("out")), what)
        sign(place, good, "signer.key", "out")
        before = place.read("out")
        one_line(sign(place, good, "signer.key", "out", code=None), 2, "not overwritten")
        equal(place.read("out"), before)
        one_line(place.run("eml", "policy", "sign", "--policy", place.path("out"), "--sign-key", place.path("signer.key"), "--out",
                           place.path("again"), code=None), 2, "signed already")


main()

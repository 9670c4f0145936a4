"""eml-verify as an auditor uses it: every vector, damaged files, evidence that does not fit, and what it may not do."""
import hashlib
import json
import os
import subprocess
import threading
import time

from _eml import Place, Skip, equal, expect, main, need_vectors, on_terminal, program
from _receipts import AT, Platform, g, vectors

SLOW_LANE = os.environ.get("EML_LANE", "plain") != "plain"
LAYERS = {1: ("SIZE", "COSE_DECODE", "UNPROTECTED", "ALG", "CONTENT_TYPE", "PAYLOAD", "CLAIMS_DECODE", "EAT_PROFILE"),
          2: ("SIG",), 3: ("CTI", "MHASH_PRESENT", "MEAS", "MTYPE", "MHASH_SCHEME", "SECURITY_MODE")}
MALFORMED = ("SIZE", "COSE_DECODE")


def layer_of(check):
    return next((layer for layer, ids in LAYERS.items() if check in ids), 4)


def first_failure(verdict):
    return next(c for c in verdict["checks"] if c["status"] == "FAIL")


def options(vector, place):
    """The options that say what a vector's verify_policy says; None when the program has no such option."""
    policy = dict(vector.get("verify_policy", {}))
    words = ["--key", policy.pop("public_key_hex", vector.get("wrong_public_key_hex", vector.get("public_key_hex")))]
    simple = {"at_unix": "--at", "max_age_secs": "--max-age", "expected_nonce_hex": "--expect-nonce",
              "expected_model_hash_hex": "--expect-model-hash", "expected_model_id": "--expect-model-id",
              "expected_platform": "--expect-platform"}
    for name, option in simple.items():
        if name in policy:
            words += [option, str(policy.pop(name))]
    if policy.pop("allow_evaluation", False):
        words.append("--allow-evaluation")
    if policy or "-1" in words or "0" in words:
        return None
    return words


def run_vectors(place, kind, folder=None):
    ran = 0
    for name, vector in vectors(kind, *([folder] if folder else [])):
        words = options(vector, place)
        if words is None:
            continue
        place.write("r", bytes.fromhex(vector["receipt_hex"]))
        failure = vector.get("expected_failure")
        code = 0 if failure is None else 30 if failure["check"] in MALFORMED else 10
        verdict = place.run("eml-verify", "receipt", "r", *words, "--json", code=code).json()
        ran += 1
        if failure is None:
            equal(verdict["verdict"], "accept", name)
            expect(verdict["claims"]["cti"], name)
            continue
        found = first_failure(verdict)
        equal((found["id"], found["code"]), (failure["check"], failure["code"]), name)
        equal(layer_of(found["id"]), failure["layer"], name)
        equal(verdict["claims"], None, f"{name}: claims of a receipt that was not accepted")
    return ran


def test_own_vectors():
    with Place() as place:
        expect(run_vectors(place, "valid") >= 14, "valid vectors")
        expect(run_vectors(place, "invalid") >= 160, "invalid vectors")


def test_published_vectors():
    folder = need_vectors("air/golden")
    with Place() as place:
        expect(run_vectors(place, "valid", folder) >= 2, "valid vectors")
        expect(run_vectors(place, "invalid", folder) >= 5, "invalid vectors")


def test_real_receipts():
    folder = need_vectors("air/real")
    with Place() as place:
        run = os.path.join(folder, "gcp-cpu-tdx-20260227")
        with open(os.path.join(run, "receipt.pubkey"), encoding="ascii") as f:
            key = f.read().strip()
        said = place.run("eml-verify", "receipt", os.path.join(run, "receipt.cbor"), "--key", key, "--json", code=10)
        equal(first_failure(said.json())["id"], "CLAIMS_DECODE", "keys in integer order")
        raw = os.path.join(folder, "aws-nitro-20260228", "receipt.raw")
        place.run("eml-verify", "receipt", raw, "--key", key, code=30)


def sample():
    return g.receipt(), ["--key", g.PUBLIC.hex(), "--at", str(AT)]


def test_every_truncation_is_malformed():
    receipt, words = sample()
    with Place() as place:
        for n in range(0, len(receipt), 23 if SLOW_LANE else 1):
            place.write("r", receipt[:n])
            said = place.run("eml-verify", "receipt", "r", *words, "--json", code=30).json()
            equal(said["verdict"], "malformed", f"{n} bytes")
            equal(first_failure(said)["id"], "COSE_DECODE", f"{n} bytes")


def allowed_checks(at, receipt):
    """Which checks may notice damage at this place: docs/RECEIPT.md, section 1."""
    payload = receipt.index(b"\xa0\x59") + 4
    signature = len(receipt) - 66
    if at < payload:
        return ("COSE_DECODE", "UNPROTECTED", "ALG", "CONTENT_TYPE", "PAYLOAD")
    if at < signature:
        return ("CLAIMS_DECODE", "EAT_PROFILE", "SIG")
    return ("COSE_DECODE", "SIG") if at < signature + 2 else ("SIG",)


def test_a_bit_flip_in_every_byte_is_noticed():
    receipt, words = sample()
    with Place() as place:
        for at in range(0, len(receipt), 17 if SLOW_LANE else 1):
            damaged = bytearray(receipt)
            damaged[at] ^= 1 << at % 8
            place.write("r", bytes(damaged))
            out = place.run("eml-verify", "receipt", "r", *words, "--json", code=None)
            found = first_failure(out.json())["id"]
            expect(found in allowed_checks(at, receipt), f"byte {at}: {found}")
            equal(out.code, 30 if found in MALFORMED else 10, f"byte {at}: {found}")


def test_bytes_behind_and_size():
    receipt, words = sample()
    with Place() as place:
        place.write("r", receipt + b"\x00")
        place.run("eml-verify", "receipt", "r", *words, code=30)
        place.write("r", receipt + bytes(65537))
        said = place.run("eml-verify", "receipt", "r", *words, "--json", code=30).json()
        equal(first_failure(said)["code"], "RECEIPT_TOO_LARGE")
        place.write("r", bytes(2 << 20))
        place.run("eml-verify", "receipt", "r", *words, code=30)


def test_request_and_response_files():
    receipt, words = sample()
    request, response = b"the request" * 9999, b""
    receipt = g.receipt(request_hash=g.bstr(hashlib.sha256(request).digest()),
                        response_hash=g.bstr(hashlib.sha256(response).digest()))
    with Place() as place:
        place.write("r", receipt)
        place.write("q", request)
        place.write("a", response)
        good = place.run("eml-verify", "receipt", "r", *words, "--request", "q", "--response", "a", "--json").json()
        passed = {c["id"] for c in good["checks"] if c["status"] == "PASS"}
        expect({"RHASH", "OHASH"} <= passed, passed)
        said = place.run("eml-verify", "receipt", "r", *words, "--request", "a", "--json", code=10).json()
        equal(first_failure(said)["code"], "REQUEST_HASH_MISMATCH")
        said = place.run("eml-verify", "receipt", "r", *words, "--response", "q", "--json", code=10).json()
        equal(first_failure(said)["code"], "RESPONSE_HASH_MISMATCH")
        place.run("eml-verify", "receipt", "r", *words, "--response", "none", code=1)
        place.run("eml-verify", "receipt", "r", *words, "--response", ".", code=1)


def test_wrong_use():
    receipt, words = sample()
    key = g.PUBLIC.hex()
    with Place() as place:
        place.write("r", receipt)
        place.write("e", b"x")
        wrong = [
            ["receipt"], ["receipt", "r"], ["receipt", "r", "r", *words], ["receipt", "r", "--key"],
            ["receipt", "r", "--key", key[:-1]], ["receipt", "r", "--key", key + "00"],
            ["receipt", "r", "--key", "zz" * 32], ["receipt", "r", "--key", key, "--key", key],
            ["receipt", "r", "--key", key, "--evidence", "e"], ["receipt", "r", "--key", key, "--policy", "e"],
            ["receipt", "r", "--key", key, "--crl", "e"], ["receipt", "r", "--policy", "e"],
            ["receipt", "r", "--key", key, "--at", "now"], ["receipt", "r", "--key", key, "--at", "-1"],
            ["receipt", "r", "--key", key, "--at", "99999999999999999999"],
            ["receipt", "r", "--key", key, "--max-age", "0"], ["receipt", "r", "--key", key, "--max-age", "1h"],
            ["receipt", "r", "--key", key, "--expect-nonce", "00"], ["receipt", "r", "--key", key, "--expect-nonce", "0"],
            ["receipt", "r", "--key", key, "--expect-nonce", "00" * 65],
            ["receipt", "r", "--key", key, "--expect-model-hash", "00"],
            ["receipt", "r", "--key", key, "--expect-platform", "sgx"], ["receipt", "r", "--key", key, "--no-verify"],
            ["evidence", "e"], ["evidence", "e", "--type", "abacus"], ["evidence", "--type", "nitro"],
            ["evidence", "e", "--type", "nitro", "--nonce", "0"], ["guess", "r"], [],
        ]
        for words in wrong:
            out = place.run("eml-verify", *words, code=2)
            equal(out.out, "" if words else out.out, words)
            expect(len(out.err.strip().splitlines()) == 1 or not words, out)
        for words in (["--help"], ["receipt", "--help"], ["evidence", "--help"], ["--version"]):
            expect(place.run("eml-verify", *words).out.strip(), words)


def test_files_that_cannot_be_read():
    receipt, words = sample()
    with Place() as place:
        place.write("r", receipt)
        place.write("bad.json", "{")
        place.write("unknown.json", {"version": 1, "nitro": {"releases": []}, "extra": 1})
        for bad, code in ((["none", *words], 1), ([".", *words], 1), (["r", "--evidence", "none"], 1),
                          (["r", "--evidence", "r", "--policy", "none"], 1),
                          (["r", "--evidence", "r", "--policy", "bad.json"], 30),
                          (["r", "--evidence", "r", "--policy", "unknown.json"], None)):
            out = place.run("eml-verify", "receipt", *bad, code=code)
            expect(out.code != 0 and out.out == "", out)
            equal(len(out.err.strip().splitlines()), 1, out)


# Receipts against evidence.

def attested(place, platform, evidence=None, receipt=None, policy=None):
    evidence = platform.evidence() if evidence is None else evidence
    place.write("e", evidence)
    place.write("r", platform.receipt(evidence) if receipt is None else receipt)
    place.write("p", platform.policy() if policy is None else policy)
    return ["receipt", "r", "--evidence", "e", "--policy", "p", "--at", str(AT)]


def refused(place, words, check, failure=None, code=10):
    verdict = place.run("eml-verify", *words, "--json", code=code).json()
    failed = [(c["id"], c["code"]) for c in verdict["checks"] if c["status"] == "FAIL"]
    expect(any(i == check and (failure is None or c == failure) for i, c in failed), f"{check} {failure}: {failed}")
    equal(verdict["claims"], None, "claims of a receipt that was not accepted")
    equal(verdict["simulated"], True)
    return verdict


def test_receipt_with_its_evidence():
    platform = Platform()
    with Place() as place:
        words = attested(place, platform)
        verdict = place.run("eml-verify", *words, "--json").json()
        equal((verdict["verdict"], verdict["simulated"], verdict["signer"]["is_attested"]), ("accept", True, True))
        passed = {c["id"] for c in verdict["checks"] if c["status"] == "PASS"}
        expect({"RECEIPT_KEY", "ADHASH", "MHASH", "MEAS_ATTESTED", "SIG"} <= passed, passed)
        expect("clinic" in verdict["signer"]["role"] and "SIMULATED" in verdict["signer"]["role"], verdict["signer"])
        text = place.run("eml-verify", *words).out.splitlines()
        expect(text[0].startswith("SIMULATED") and text[-1].startswith("SIMULATED"), text)
        place.run("eml-verify", *words, "--expect-model-hash", platform.model.hex())
        said = place.run("eml-verify", *words, "--expect-model-hash", "00" * 32, "--json", code=10).json()
        equal(first_failure(said)["id"], "STATEMENT_MODEL")


def test_state_beside_a_receipt():
    platform = Platform()
    with Place() as place:
        words = attested(place, platform)
        place.run("eml-verify", *words, "--state", "s")
        equal(json.loads(place.read("s"))["version"], 1)
        place.run("eml-verify", "receipt", "r", "--key", g.PUBLIC.hex(), "--state", "t", "--at", str(AT), code=None)
        expect(not os.path.exists(place.path("t")), "nothing was learnt")


def test_receipts_that_do_not_fit_the_evidence():
    platform = Platform()
    evidence = platform.evidence()
    other = g.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    measurements = g.measurements([(f"pcr{i}", g.bstr(bytes([9 + i]) * 48)) for i in range(3)])
    more = g.measurements([(f"pcr{i}", g.bstr(platform.pcrs[i])) for i in range(3)] + [("pcr3", g.bstr(b"\x04" * 48))])
    rows = [
        (platform.receipt(evidence, key=other), "SIG", "SIG_FAILED"),
        (platform.receipt(platform.evidence()), "ADHASH", "ATTESTATION_DOC_HASH_MISMATCH"),
        (platform.receipt(evidence, enclave_measurements=measurements), "MEAS_ATTESTED", "MEASUREMENT_MISMATCH"),
        (platform.receipt(evidence, enclave_measurements=more), "MEAS_ATTESTED", "MEASUREMENT_MISMATCH"),
        (platform.receipt(evidence, enclave_measurements=g.measurements(g.TDX, "tdx-mrtd-rtmr")), "MEAS_ATTESTED",
         "PLATFORM_MISMATCH"),
        (platform.receipt(evidence, model_hash=g.bstr(b"\xab" * 32)), "MHASH", "MODEL_HASH_MISMATCH"),
        (platform.receipt(evidence, security_mode=g.tstr("production")), "SECURITY_MODE_POLICY", "SECURITY_MODE_MISMATCH"),
        (platform.receipt(evidence, iat=g.uint(AT + 60)), "FRESH", "TIMESTAMP_FUTURE"),
    ]
    with Place() as place:
        for receipt, check, code in rows:
            refused(place, attested(place, platform, evidence, receipt), check, code)


def test_evidence_that_is_not_accepted():
    platform, stranger = Platform(), Platform()
    debug = [bytes(48)] * 16
    with Place() as place:
        words = attested(place, platform)
        place.write("p", stranger.policy())
        refused(place, words, "root")
        place.write("p", platform.policy(service="bank"))
        refused(place, words, "service")
        place.write("p", platform.policy(models=["00" * 32]))
        refused(place, words, "model")
        place.write("p", platform.policy(freshness=["epoch"]))
        refused(place, words, "freshness")
        refused(place, attested(place, platform, platform.evidence(pcrs=debug)), "debug")
        refused(place, attested(place, platform, platform.evidence(pcrs=[b"\x09" * 48] + platform.pcrs[1:])), "measurements")
        refused(place, [*attested(place, platform)[:-1], str(AT + 86400)], "certificates.time")
        damaged = bytearray(platform.evidence())
        damaged[-1] ^= 1
        refused(place, attested(place, platform, bytes(damaged)), "signature")


def test_receipt_key_only_from_signed_bytes():
    platform = Platform()
    with Place() as place:
        # The statement is altered after signing: its key must not verify anything.
        evidence = platform.evidence()
        mine = g.Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
        public = mine.public_key().public_bytes(g.Encoding.Raw, g.PublicFormat.Raw)
        theirs = platform.receipt_key.public_key().public_bytes(g.Encoding.Raw, g.PublicFormat.Raw)
        forged = evidence.replace(theirs, public)
        verdict = refused(place, attested(place, platform, forged, platform.receipt(forged, key=mine)), "signature")
        equal(verdict["signer"]["key"], None)
        # A statement that does not parse, and none at all.
        for user_data in (b"", b"hello", platform.statement()[:-1]):
            evidence = platform.evidence(user_data=user_data)
            words = attested(place, platform, evidence)
            out = place.run("eml-verify", *words, "--json", code=None)
            expect(out.code in (10, 20), out)
            equal(out.json()["claims"], None)


def test_without_a_policy_it_is_incomplete():
    platform = Platform()
    with Place() as place:
        words = [w for w in attested(place, platform) if w not in ("--policy", "p")]
        verdict = place.run("eml-verify", *words, "--json", code=None).json()
        expect(verdict["verdict"] in ("incomplete", "reject"), verdict)
        equal(verdict["claims"], None)
        equal(verdict["signer"]["is_attested"], False)


def test_nitro_is_not_simulated():
    """A statement that says aws-nitro under the simulated root is judged, and refused, as Nitro."""
    platform = Platform()
    with Place() as place:
        evidence = platform.evidence(user_data=platform.statement().replace(b"\x69simulated", b"\x69aws-nitro"))
        words = attested(place, platform, evidence)
        verdict = place.run("eml-verify", *words, "--json", code=10).json()
        equal(first_failure(verdict)["id"], "root")
        equal(verdict["simulated"], False)


def test_evidence_command():
    platform = Platform()
    with Place() as place:
        attested(place, platform)
        words = ["evidence", "e", "--at", str(AT)]
        good = place.run("eml-verify", *words, "--type", "simulated", "--policy", "p", "--json").json()
        equal((good["verdict"], good["simulated"], good["kind"]), ("accept", True, "evidence"))
        equal(good["evidence"]["statement"]["service"], "clinic")
        equal(good["evidence"]["release"], "r1")
        text = place.run("eml-verify", *words, "--type", "simulated", "--policy", "p").out
        equal(text.count("SIMULATED: this evidence"), 2)
        place.run("eml-verify", *words, "--type", "simulated", "--policy", "p", "--nonce", "05" * 32)
        place.run("eml-verify", *words, "--type", "simulated", "--policy", "p", "--nonce", "06" * 32, code=10)
        place.run("eml-verify", *words, "--type", "nitro", "--policy", "p", code=10)
        place.write("e", b"")
        place.run("eml-verify", *words, "--type", "nitro", code=30)


def nitro_documents():
    folder = need_vectors("nitro/docs")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".cose"):
            told = os.path.join(folder, name[:-5] + ".expected.json")
            if os.path.exists(told):
                with open(told, encoding="utf-8") as f:
                    yield os.path.join(folder, name), json.load(f)


def test_real_nitro_documents():
    """Authentic at their own time, expired now, accepted by a policy that pins them, and never good for a receipt."""
    ran = 0
    with Place() as place:
        place.write("r", sample()[0])
        for path, told in nitro_documents():
            at, ran = str(told["timestamp_ms"] // 1000), ran + 1
            is_good = told["signature_ok"] and told["chain_ok"] and not told["debug"]
            words = ["evidence", path, "--type", "nitro"]
            equal(first_failure(place.run("eml-verify", *words, "--json", code=10).json())["id"], "certificates.time", path)
            said = place.run("eml-verify", *words, "--at", at, "--json", code=20 if is_good else 10).json()
            equal(said["simulated"], False)
            place.run("eml-verify", "receipt", "r", "--evidence", path, "--at", at, code=10)
            if not is_good:
                continue
            release = {"name": "x", **{f"pcr{i}": told["pcrs"][str(i)] for i in range(3)}}
            place.write("p", {"version": 1, "nitro": {"releases": [release]}})
            said = place.run("eml-verify", *words, "--at", at, "--policy", "p", "--json").json()
            equal(said["evidence"]["measurements"]["pcr0"], told["pcrs"]["0"])
            place.run("eml-verify", *words[:-1], "simulated", "--at", at, "--policy", "p", code=10)
            equal(place.run("eml-verify", *words, "--at", at, "--policy", "p").out.count("SIMULATED"), 0)
            release["pcr2"] = "07" * 48
            place.write("p", {"version": 1, "nitro": {"releases": [release]}})
            place.run("eml-verify", *words, "--at", at, "--policy", "p", code=10)
    expect(ran >= 10, ran)


# What people see.

def test_output_is_the_documented_shape():
    receipt, words = sample()
    with Place() as place:
        place.write("r", receipt)
        verdict = place.run("eml-verify", "receipt", "r", *words, "--json").json()
        for check in verdict["checks"]:
            equal(set(check), {"id", "status", "code", "reason", "fix"})
            expect(check["status"] in ("PASS", "FAIL", "SKIP"), check)
        ids = [c["id"] for c in verdict["checks"]]
        equal(ids, [*LAYERS[1], *LAYERS[2], *LAYERS[3], *ids[15:]])
        equal(len(set(ids)), 26)
        equal(verdict["claims"]["model_id"], "minilm-l6-v2")


def test_hostile_text_does_not_reach_the_terminal():
    receipt = g.receipt(model_id=g.tstr("\x1b[2J\x1b]0;x\x07\r\nverdict: accept\u202e"))
    with Place() as place:
        place.write("r", receipt)
        for more in ([], ["--expect-model-id", "x"]):
            out = place.run("eml-verify", "receipt", "r", "--key", g.PUBLIC.hex(), "--at", str(AT), *more, code=None).out
            expect(all(c == "\n" or " " <= c < "\x7f" for c in out), repr(out))
            equal(sum(line.startswith("verdict:") for line in out.splitlines()), 1)


def test_colour_on_a_terminal_only():
    receipt, words = sample()
    with Place() as place:
        place.write("r", receipt)
        full = [program("eml-verify"), "receipt", place.path("r"), *words]
        expect(b"\x1b[32m" in on_terminal(full, {"TERM": "xterm"}), "colour on a terminal")
        expect(b"\x1b" not in on_terminal(full, {"TERM": "xterm", "NO_COLOR": "1"}), "NO_COLOR")
        expect(b"\x1b" not in on_terminal(full, {"TERM": "dumb"}), "a dumb terminal")
        expect("\x1b" not in place.run("eml-verify", "receipt", "r", *words).out, "no colour in a pipe")


def test_full_disk_is_not_success():
    receipt, words = sample()
    with Place() as place:
        place.write("r", receipt)
        with open("/dev/full", "w") as full:
            run = subprocess.run([program("eml-verify"), "receipt", place.path("r"), *words], stdout=full,
                                 stderr=subprocess.PIPE, text=True)
        equal(run.returncode, 1)
        equal(len(run.stderr.strip().splitlines()), 1, run.stderr)


def test_the_kernel_holds_it_to_its_word():
    if SLOW_LANE:
        raise Skip("no system call filter in an instrumented build")
    with Place() as place:
        os.mkfifo(place.path("r"))
        process = subprocess.Popen([program("eml-verify"), "receipt", place.path("r"), "--key", g.PUBLIC.hex()],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.3)  # it waits for the pipe to be opened
            with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
                said = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
            equal((said["Seccomp"].strip(), said["NoNewPrivs"].strip()), ("2", "1"))
        finally:
            threading.Thread(target=lambda: open(place.path("r"), "wb").close(), daemon=True).start()
            equal(process.wait(20), 30)


main()

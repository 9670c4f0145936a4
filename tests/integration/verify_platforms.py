"""Genuine evidence of every platform through eml-verify: accepted by a policy that pins it, damaged by the self-test,
and every way to pass one thing off as another that we could think of."""
import base64
import json
import os
import re

from _eml import Place, equal, expect, main, need_vectors
from _receipts import AT, Platform

SLOW_LANE = os.environ.get("EML_LANE", "plain") != "plain"
QUOTES, SNP, GPU, CS = "intel-dcap/quotes/", "sev-snp/", "nvidia-gpu/evidence/", "gcp-confidential-space/"


def vector(name):
    return os.path.join(need_vectors(os.path.dirname(name)), os.path.basename(name))


def read(name):
    with open(vector(name), "rb") as f:
        return f.read()


def pem(der):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


class Case:
    """Evidence of one platform: its type, its files by option, and the policy's member that pins it."""

    def __init__(self, kind, evidence, at, member, pins, **options):
        self.kind, self.evidence, self.at, self.member, self.pins = kind, evidence, at, member, pins
        self.options = options

    def put(self, place):
        """Writes the files and the policy; returns the words of the command."""
        words = [self.evidence_path(place), "--type", self.kind, "--at", str(self.at)]
        for option, content in self.options.items():
            place.write(f"{self.kind}-{option}", content)
            words += [f"--{option}", f"{self.kind}-{option}"]
        facts = place.run("eml-verify", "evidence", *words, "--json", code=None).json()["evidence"]["facts"]
        place.write(f"{self.kind}.policy", {"version": 1, self.member: self.pins(facts)})
        return words

    def evidence_path(self, place):
        place.write(f"{self.kind}-evidence", self.evidence)
        return f"{self.kind}-evidence"


def nitro_pins(facts):
    told = json.loads(read("nitro/docs/marlin-production-1.expected.json"))
    return {"releases": [{"name": "seen", **{f"pcr{i}": told["pcrs"][str(i)] for i in range(3)}}]}


def tdx_pins(facts):
    return {"releases": [{"name": "seen", **{k: facts[k] for k in ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3")}}]}


def sgx_pins(facts):
    return {"releases": [{"name": "seen", "mrenclave": facts["mrenclave"]}], "statuses": ["UpToDate", facts["tcb_status"]],
            "advisories": facts["advisories"].split(",")}


def snp_pins(facts):
    levels = dict(pair.split(" ") for pair in facts["certificate_tcb"].split(", "))
    floor = {name: int(levels[name]) for name in ("bootloader", "tee", "snp", "microcode")}
    return {"releases": [{"name": "seen", "measurement": facts["measurement"]}],
            "products": {facts["product"]: {"min_tcb": floor}}}


def gpu_pins(facts):
    arch, driver, vbios = facts["releases"].split("/")
    return {"gpus": 1, "releases": [{"name": "seen", "arch": arch, "driver": driver, "vbios": vbios}],
            **({"modes": [facts["modes"]]} if "modes" in facts else {}),
            "may_skip": ["gpu.reference", "gpu.measurements", "gpu.mode", "gpu.devtools", "gpu.bound"]}


def cs_pins(facts):
    overridden = {name: None for name in facts.get("env_override", "").split(",") if name}
    return {"hwmodels": [facts["hwmodel"]], "dbgstat": [facts["dbgstat"]], "support_attributes": [],
            **({"env_override": overridden} if overridden else {}),
            "releases": [{"name": "seen", "image_digest": facts["image_digest"]}]}


def cases():
    snp_certs = pem(read(SNP + "reports/genoa-v5-oak.leaf.der")) + read(SNP + "amd/genoa/cert_chain.pem").decode()
    return {
        "nitro": Case("nitro", read("nitro/docs/marlin-production-1.cose"), 1708930921, "nitro", nitro_pins),
        "tdx": Case("tdx", read(QUOTES + "tdx-v4-uptodate.quote"), 1751000000, "tdx", tdx_pins,
                    collateral=read(QUOTES + "tdx-v4-uptodate.collateral.json")),
        "sgx": Case("sgx", read(QUOTES + "sgx-v3.quote"), 1751000000, "sgx", sgx_pins,
                    collateral=read(QUOTES + "sgx-v3.collateral.json")),
        "snp": Case("snp", read(SNP + "reports/genoa-v5-oak.report.bin"), 1770000000, "snp", snp_pins, certs=snp_certs,
                    crl=read(SNP + "amd/genoa/crl.der")),
        "nvidia-gpu": Case("nvidia-gpu", read(GPU + "json/hopper_evidence.json"), 1770000000, "nvidia_gpu", gpu_pins),
        "cs-token": Case("cs-token", read(CS + "pki/sev-debug.jwt"), 1750690000, "confidential_space", cs_pins),
    }


def judge(place, words, *more, code=None):
    return place.run("eml-verify", "evidence", *words, *more, "--json", code=code).json()


def failures(said):
    return [(c["id"], c["code"]) for c in said["checks"] if c["status"] == "FAIL"]


def refuses(place, what, words, *more):
    """Neither accepted nor silent: a check failed, or a required input is missing."""
    out = place.run("eml-verify", "evidence", *words, *more, "--json", code=None)
    expect(out.code in (10, 20, 30), f"{what}: exit {out.code} {out.err}")
    said = out.json()
    expect(said["verdict"] in ("reject", "incomplete", "malformed") and not said["evidence"]["is_accepted"], what)
    expect("release" not in said["evidence"], f"{what}: names a release")
    return said


def fails(place, what, words, *more):
    said = refuses(place, what, words, *more)
    expect(failures(said), f"{what}: nothing failed")
    return failures(said)


def test_a_policy_that_pins_it_accepts():
    with Place() as place:
        for kind, case in cases().items():
            words = case.put(place)
            said = judge(place, words, "--policy", f"{kind}.policy", code=0)
            equal((said["verdict"], said["evidence"]["release"], said["simulated"]), ("accept", "seen", False), kind)
            said = judge(place, words, code=None)
            expect(said["verdict"] != "accept" and said["evidence"]["is_authentic"], f"{kind} without a policy")
            place.run("eml-verify", "evidence", *words, "--policy", f"{kind}.policy", "--html", "o")
            expect("Accepted" in place.read("o").decode("ascii"), kind)


def test_every_damage_is_noticed():
    with Place() as place:
        for kind, case in cases().items():
            words = case.put(place)
            said = place.run("eml-verify", "selftest", *words, "--policy", f"{kind}.policy", "--json", code=None,
                             timeout=400).json()
            one = said["evidence"][0]
            equal((one["missed"], one["misses"]), (0, []), kind)
            expect(one["noticed"] >= 90, one)
            equal(one["by_damage"]["bit turned"] > 30, True, kind)
            print(f"  {kind}: {one['tried']} damages, {one['noticed']} noticed by {len(one['by_check'])} checks")


def test_every_damage_of_other_genuine_evidence_is_noticed():
    """The other forms: OIDC tokens, VLEK and Turin reports, raw device reports, the largest Nitro document."""
    vlek = pem(read(SNP + "reports/milan-v3-vlek-aws.leaf.der")) + read(SNP + "amd/milan/vlek_cert_chain.pem").decode()
    turin = pem(read(SNP + "reports/turin-v5-oak.leaf.der")) + read(SNP + "amd/turin/cert_chain.pem").decode()
    more = [
        Case("cs-token", read(CS + "oidc/sev-debug-nonce.jwt"), 1764710000, "confidential_space", cs_pins,
             jwks=read(CS + "oidc/jwks.json")),
        Case("nitro", read("nitro/docs/blocky-production-max-fields.cose"), 1725719859, "nitro", nitro_pins),
        Case("snp", read(SNP + "reports/milan-v3-vlek-aws.report.bin"), 1740000000, "snp", snp_pins, certs=vlek),
        Case("snp", read(SNP + "reports/turin-v5-oak.report.bin"), 1770000000, "snp", snp_pins, certs=turin,
             crl=read(SNP + "amd/turin/crl.der")),
        Case("nvidia-gpu", read(GPU + "hopper-nvtrust.report.txt"), 1770000000, "nvidia_gpu", gpu_pins,
             certs=read(GPU + "hopper-nvtrust.chain.pem.txt")),
        Case("nvidia-gpu", read(GPU + "blackwell.report.txt"), 1770000000, "nvidia_gpu", gpu_pins,
             certs=read(GPU + "blackwell.chain.pem.txt")),
    ]
    with Place() as place:
        for case in more[:2 if SLOW_LANE else None]:
            words = case.put(place)
            policy = ["--policy", f"{case.kind}.policy"] if case.kind == "cs-token" else []
            one = place.run("eml-verify", "selftest", *words, *policy, "--json", code=None, timeout=400).json()["evidence"][0]
            equal((one["missed"], one["misses"]), (0, []), case.kind)
            print(f"  {case.kind}: {one['tried']} damages, {one['noticed']} noticed by {len(one['by_check'])} checks")


def test_no_policy_of_another_platform_accepts():
    with Place() as place:
        all_words = {kind: case.put(place) for kind, case in cases().items()}
        for kind, words in all_words.items():
            for other in all_words:
                if other != kind:
                    said = refuses(place, f"{kind} under {other}", words, "--policy", f"{other}.policy")
                    expect(("policy", "POLICY_PLATFORM_REFUSED") in failures(said), (kind, other, failures(said)))


def test_no_evidence_is_of_another_type():
    with Place() as place:
        all_words = {kind: case.put(place) for kind, case in cases().items()}
        for kind, words in all_words.items():
            for other in all_words:
                if other == kind:
                    continue
                changed = [other if w == kind else w for w in words]
                fails(place, f"{kind} as {other}", changed, "--policy", f"{other}.policy")
                fails(place, f"{kind} as {other}", changed, "--policy", f"{kind}.policy")


def test_what_belongs_to_other_evidence_does_not_help():
    """Each file beside evidence replaced by that of every other platform, and by files of the wrong kind."""
    with Place() as place:
        every = cases()
        all_words = {kind: case.put(place) for kind, case in every.items()}
        spare = [f"{kind}-{option}" for kind, case in every.items() for option in case.options]
        spare += [f"{kind}-evidence" for kind in every] + [f"{kind}.policy" for kind in every]
        for kind, case in every.items():
            for option in case.options:
                own = f"{kind}-{option}"
                for other in spare:
                    if other == own:
                        continue
                    changed = [other if w == own else w for w in all_words[kind]]
                    out = place.run("eml-verify", "evidence", *changed, "--policy", f"{kind}.policy", code=None)
                    expect(out.code in (1, 10, 20, 30), f"{kind} with {other} for its {option}: exit {out.code}")


def test_a_missing_input_is_not_a_pass():
    with Place() as place:
        for kind, case in cases().items():
            words = case.put(place)
            for option in case.options:
                at = words.index(f"--{option}")
                said = refuses(place, f"{kind} without {option}", words[:at] + words[at + 2:], "--policy", f"{kind}.policy") \
                    if option != "crl" else None
                if said:
                    expect(any(c["status"] == "SKIP" for c in said["checks"]) or failures(said), said)


def test_a_statement_that_nothing_binds():
    """Somebody else's statement beside genuine evidence: never shown as attested, never accepted."""
    statement = Platform().statement()
    with Place() as place:
        place.write("s", statement)
        for kind, case in cases().items():
            words = case.put(place)
            if kind in ("nitro", "nvidia-gpu"):  # carries its own, or none at all
                said = judge(place, words, "--statement", "s", "--policy", f"{kind}.policy", code=None)
                equal(said["evidence"].get("statement"), None, kind)
                continue
            said = refuses(place, kind, words, "--statement", "s", "--policy", f"{kind}.policy")
            expect("statement" in [i for i, _ in failures(said)], (kind, failures(said)))
            equal(said["evidence"].get("statement"), None, kind)


def test_other_nonce_and_report_data():
    with Place() as place:
        for kind, case in cases().items():
            words = case.put(place)
            if kind in ("nitro", "nvidia-gpu", "cs-token"):
                fails(place, f"{kind}: nonce", words, "--policy", f"{kind}.policy", "--nonce", "07" * 32)
            if kind in ("tdx", "sgx", "snp"):
                fails(place, f"{kind}: report data", words, "--policy", f"{kind}.policy", "--report-data", "07" * 64)


def spliced(a, b, at, n):
    return a[:at] + b[at:at + n] + a[at + n:]


def test_quotes_put_together_from_two():
    with Place() as place:
        case = cases()["tdx"]
        words = case.put(place)
        other = read(QUOTES + "tdx-v4-dstack.quote")
        parts = {"header": (0, 48), "body": (48, 584), "report data": (568, 64), "signature": (636, 64), "key": (700, 64),
                 "QE report": (770, 384), "QE signature": (1154, 64), "signature data": (632, 4374)}
        for name, (at, n) in parts.items():
            if case.evidence[at:at + n] != other[at:at + n]:
                place.write("tdx-evidence", spliced(case.evidence, other, at, n))
                fails(place, f"{name} of another quote", words, "--policy", "tdx.policy")


def test_collateral_put_together_from_two():
    with Place() as place:
        case = cases()["tdx"]
        words = case.put(place)
        own = json.loads(case.options["collateral"])
        for name in ("tdx-v5-no-tcb-level", "tdx-v4-spr-e4", "tdx-v5-google", "sgx-v3"):
            other = json.loads(read(f"{QUOTES}{name}.collateral.json"))
            for key in own:
                if own[key] == other.get(key, own[key]) or key.endswith("issuer_chain"):
                    continue
                place.write("tdx-collateral", {**own, key: other[key]})
                refuses(place, f"{key} of {name}", words, "--policy", "tdx.policy")
                place.write("tdx-collateral", {k: v for k, v in own.items() if k != key})
                refuses(place, f"without {key}", words, "--policy", "tdx.policy")
        for key in ("tcb_info", "qe_identity"):
            place.write("tdx-collateral", {**own, key: own[key] + " "})
            fails(place, f"a space behind {key}", words, "--policy", "tdx.policy")
            place.write("tdx-collateral", {**own, key: re.sub('"OutOfDate"', '"UpToDate"', own[key])})
            if own[key] != re.sub('"OutOfDate"', '"UpToDate"', own[key]):
                fails(place, f"a better status in {key}", words, "--policy", "tdx.policy")


def test_older_collateral_is_remembered():
    with Place() as place:
        words = cases()["tdx"].put(place)
        place.write("s", {"version": 1, "tdx_tcb": 18, "tdx_qe": 18})
        said = refuses(place, "older than what was seen", words, "--policy", "tdx.policy", "--state", "s")
        expect("collateral.rollback" in [i for i, _ in failures(said)], failures(said))
        place.write("s", {"version": 1})
        judge(place, words, "--policy", "tdx.policy", "--state", "s", code=0)
        equal(json.loads(place.read("s"))["tdx_tcb"], 17)


def test_certificates_of_another_chip():
    with Place() as place:
        case = cases()["snp"]
        words = case.put(place)
        for name in ("milan-v2-google", "milan-v2-coco", "milan-v3-vlek-aws", "turin-v5-oak", "forged-vcek-legacy"):
            for chain in ("genoa/cert_chain", "milan/cert_chain", "milan/vlek_cert_chain", "turin/cert_chain"):
                place.write("snp-certs", pem(read(f"{SNP}reports/{name}.leaf.der")) + read(f"{SNP}amd/{chain}.pem").decode())
                fails(place, f"{name} with {chain}", words, "--policy", "snp.policy")


def test_devices_put_together_from_two():
    with Place() as place:
        words = cases()["nvidia-gpu"].put(place)
        one = json.loads(read(GPU + "json/hopper_evidence.json"))
        two = json.loads(read(GPU + "json/hopper_evidence_cert_hold.json"))
        lists = {"certificate of another device": [{**one[0], "certificate": two[0]["certificate"]}],
                 "report of another device": [{**one[0], "evidence": two[0]["evidence"]}],
                 "other nonce beside": [{**one[0], "nonce": "07" * 32}], "other architecture": [{**one[0], "arch": "BLACKWELL"}],
                 "one device twice": one + one, "two devices": one + two, "no device": []}
        for what, devices in lists.items():
            place.write("nvidia-gpu-evidence", devices)
            fails(place, what, words, "--policy", "nvidia-gpu.policy")


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_tokens_somebody_else_signed():
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = key.public_key().public_numbers()
    mine = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "mine", "e": b64(b"\x01\x00\x01"),
            "n": b64(numbers.n.to_bytes(256, "big"))}
    with Place() as place:
        case = cases()["cs-token"]
        words = case.put(place)
        head, claims, signature = case.evidence.decode().strip().split(".")
        chain = json.loads(base64.urlsafe_b64decode(head + "=="))["x5c"]

        def signed(header, body=claims):
            first = b64(json.dumps(header).encode())
            made = key.sign(f"{first}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
            return f"{first}.{body}.{b64(made)}"
        rows = {
            "alg none": f"{b64(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{claims}.",
            "alg none, signed": f"{b64(json.dumps({'alg': 'none', 'x5c': chain}).encode())}.{claims}.{signature}",
            "HS256": signed({"alg": "HS256", "typ": "JWT", "kid": "mine"}),
            "own key inside": signed({"alg": "RS256", "typ": "JWT", "kid": "mine", "jwk": mine}),
            "own key, Google's chain": signed({"alg": "RS256", "typ": "JWT", "x5c": chain}),
            "key named by address": signed({"alg": "RS256", "typ": "JWT", "kid": "mine", "jku": "https://example.com/jwks"}),
            "other claims": f"{head}.{b64(b'{}')}.{signature}", "no signature": f"{head}.{claims}.",
        }
        for what, token in rows.items():
            place.write("cs-token-evidence", token)
            refuses(place, what, words, "--policy", "cs-token.policy")
            refuses(place, what + ", Google's keys", words, "--policy", "cs-token.policy", "--jwks", vector(CS + "oidc/jwks.json"))
        pinned = json.loads(place.read("cs-token.policy"))
        pinned["confidential_space"].update(keys=["ab" * 32])
        place.write("pinned.policy", pinned)
        place.write("mine.jwks", {"keys": [mine]})
        place.write("cs-token-evidence", signed({"alg": "RS256", "typ": "JWT", "kid": "mine"}))
        fails(place, "own key set, keys pinned", words, "--policy", "pinned.policy", "--jwks", "mine.jwks")


def cbor(*pairs):
    def head(major, n):
        return bytes([major << 5 | n]) if n < 24 else bytes([major << 5 | 24, n]) if n < 256 else \
            bytes([major << 5 | 25]) + n.to_bytes(2, "big")
    out = head(5, len(pairs))
    for key, value in pairs:
        out += head(0, key)
        out += head(0, value) if isinstance(value, int) else \
            head(3 if isinstance(value, str) else 2, len(value)) + (value.encode() if isinstance(value, str) else value)
    return out


def test_bundles_of_the_wrong_label():
    labels = {"nitro": "aws-nitro", "tdx": "intel-tdx", "sgx": "intel-sgx", "snp": "amd-sev-snp",
              "cs-token": "gcp-confidential-space"}
    with Place() as place:
        for kind, case in cases().items():
            words = case.put(place)
            for label, platform in labels.items():
                place.write(f"{kind}-evidence", cbor((1, 1), (2, platform), (3, case.evidence)))
                out = place.run("eml-verify", "evidence", *words, "--policy", f"{kind}.policy", code=None)
                if label == kind and kind not in ("nitro", "nvidia-gpu"):
                    equal(out.code, 0, f"{kind} in a bundle")
                else:
                    expect(out.code in (10, 20, 30), f"{kind} in a bundle of {platform}: exit {out.code}")


def test_every_damage_of_a_bundle_is_noticed():
    with Place() as place:
        case = cases()["tdx"]
        words = case.put(place)
        collateral = case.options["collateral"]
        place.write("tdx-evidence", cbor((1, 1), (2, "intel-tdx"), (3, case.evidence), (5, collateral)))
        words = words[:5]
        judge(place, words, "--policy", "tdx.policy", code=0)
        said = place.run("eml-verify", "selftest", *words, "--policy", "tdx.policy", "--json", code=None, timeout=400).json()
        one = said["evidence"][0]
        print(f"  bundle: {one['tried']} damages, {one['noticed']} noticed by {len(one['by_check'])} checks, "
              f"{one['without_effect']} without effect")
        equal((one["missed"], one["misses"]), (0, []))
        expect("bundle" in one["by_check"] and one["noticed"] > 400, one)


def test_receipt_keys_need_bound_statements():
    """A receipt beside genuine evidence that names no key is not attested by it."""
    platform = Platform()
    with Place() as place:
        for kind, case in cases().items():
            words = case.put(place)
            place.write("r", platform.receipt(case.evidence))
            place.write("s", platform.statement())
            out = place.run("eml-verify", "receipt", "r", "--evidence", words[0], *words[1:3], "--at", str(AT), "--policy",
                            f"{kind}.policy", "--statement", "s", *words[5:], "--json", code=None)
            said = out.json()
            expect(out.code in (10, 20, 30) and said["verdict"] != "accept" and not said["signer"]["is_attested"], (kind, out))


main()

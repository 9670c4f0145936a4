"""Policies: the examples, the schema and the reader agree; eml policy init drafts one from real evidence."""
import copy
import glob
import json
import os

from _eml import ROOT, Place, equal, expect, main, need_vectors
from _schema import errors

SCHEMA = json.load(open(os.path.join(ROOT, "docs", "policy.schema.json"), encoding="utf-8"))
EXAMPLES = sorted(glob.glob(os.path.join(ROOT, "examples", "policy-*.json")))
# What the reader knows and the schema cannot say, by what is changed.
READER_ONLY = {"sgx.attributes", "sgx.attributes_mask", "snp.signing_keys", "snp.csp_ids", "confidential_space.keys",
               "nvidia_gpu.releases[0].driver", "nvidia_gpu.releases[0].arch"}


def accepted(place, policy):
    place.write("policy.json", policy)
    return place.run("eml", "policy", "explain", place.path("policy.json"), code=None).code == 0


def every_object(value, path=()):
    if isinstance(value, dict):
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    for key, member in members:
        yield from every_object(member, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def text_of(path, key):
    whole = ""
    for part in path + (key,):
        whole += f"[{part}]" if isinstance(part, int) else f".{part}"
    return whole.lstrip(".")


def damaged(policy):
    """(what was done, the policy after it), one change each."""
    for path in every_object(policy):
        other = copy.deepcopy(policy)
        at(other, path)["unknown"] = 1
        yield text_of(path, "unknown"), other
        for key, value in at(policy, path).items():
            for change in changes(value):
                other = copy.deepcopy(policy)
                at(other, path)[key] = change
                yield text_of(path, key), other
            other = copy.deepcopy(policy)
            del at(other, path)[key]
            yield text_of(path, key), other


def changes(value):
    """A few values that are wrong, or just right, in the place of this one. Each costs a process."""
    yield None
    if isinstance(value, str):
        yield from ["", value[:-1], value + "\n", "0" * len(value)]
    elif isinstance(value, list):
        yield from [[], value * 2000]
    elif isinstance(value, dict):
        yield from [{}, []]
    elif isinstance(value, bool):
        yield 0
    else:
        yield from [-1, value + 0.5, 10**12]


def test_examples_are_of_the_schema_and_are_read():
    expect(len(EXAMPLES) >= 7, "an example for each platform")
    with Place() as place:
        for path in EXAMPLES:
            policy = json.load(open(path, encoding="utf-8"))
            equal(list(errors(policy, SCHEMA, SCHEMA)), [], path)
            expect(accepted(place, policy), path)


def test_schema_and_reader_refuse_the_same():
    """Each change of an example that the schema refuses is refused by the reader, and the other way round but for names
    that are there twice and what stands in READER_ONLY."""
    looked, wrong = 0, []
    with Place() as place:
        for path in EXAMPLES:
            for what, policy in damaged(json.load(open(path, encoding="utf-8"))):
                looked += 1
                by_schema = not list(errors(policy, SCHEMA, SCHEMA))
                by_reader = accepted(place, policy)
                if what in READER_ONLY or by_schema == by_reader:
                    continue
                wrong.append(f"{os.path.basename(path)}, {what}: schema {by_schema}, reader {by_reader}: "
                             f"{json.dumps(policy)[:600]}")
    expect(not wrong, "\n".join(wrong))
    print(f"{looked} changed policies")


def test_the_small_checker_agrees_with_the_package():
    try:
        import jsonschema
    except ImportError:
        print("no jsonschema: the small checker stands alone")
        return
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    judge = jsonschema.Draft202012Validator(SCHEMA)
    for path in EXAMPLES:
        policy = json.load(open(path, encoding="utf-8"))
        expect(judge.is_valid(policy), path)
        for what, other in damaged(policy):
            if "\\n" in json.dumps(other):
                continue  # Python's $ matches before a last newline; other dialects' does not
            equal(not list(errors(other, SCHEMA, SCHEMA)), judge.is_valid(other), what)


REAL = [
    ("tdx", "intel-dcap/quotes/tdx-v4-uptodate.quote", 1751000000,
     ["--collateral", "intel-dcap/quotes/tdx-v4-uptodate.collateral.json"], 0),
    ("sgx", "intel-dcap/quotes/sgx-v3.quote", 1751000000, ["--collateral", "intel-dcap/quotes/sgx-v3.collateral.json"], 10),
    ("nitro", "nitro/docs/evervault-production-pcr8-nonce.cose", 1665651482, [], 0),
]


def test_a_draft_of_real_evidence_accepts_it():
    root = need_vectors("")
    with Place() as place:
        for kind, evidence, when, options, code in REAL:
            options = [os.path.join(root, word) if "/" in word else word for word in options]
            out = place.path(f"{kind}.json")
            words = ["--type", kind, *options, "--at", str(when)]
            draft = place.run("eml", "policy", "init", "--from-evidence", os.path.join(root, evidence), *words, "--name", "mine",
                              "--out", out, code=0)
            expect("draft of what was seen" in draft.err, draft)
            equal("does not accept" in draft.err, code != 0, draft)
            equal(list(errors(json.load(open(out, encoding="utf-8")), SCHEMA, SCHEMA)), [], kind)
            place.run("eml-verify", "evidence", os.path.join(root, evidence), *words, "--policy", out, code=code)
            again = place.run("eml", "policy", "init", "--from-evidence", os.path.join(root, evidence), *words, "--out", out, code=None)
            expect(again.code != 0 and "not overwritten" in again.err, again)
            expect("mine" in place.run("eml", "policy", "explain", out, code=0).out, kind)


def test_nothing_is_drafted_from_evidence_that_is_not_authentic():
    root = need_vectors("nitro/docs")
    with Place() as place:
        evidence = bytearray(open(os.path.join(root, "evervault-production-pcr8-nonce.cose"), "rb").read())
        evidence[-1] ^= 1
        place.write("e", bytes(evidence))
        out = place.run("eml", "policy", "init", "--from-evidence", place.path("e"), "--type", "nitro", "--at", "1665651482", code=None)
        expect(out.code == 10 and "not authentic" in out.err and out.out == "", out)
        place.write("empty", b"")
        for kind in ("nitro", "tdx", "snp"):
            out = place.run("eml", "policy", "init", "--from-evidence", "empty", "--type", kind, code=30)
            expect("malformed" in out.err and out.out == "", out)


main()

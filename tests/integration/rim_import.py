"""NVIDIA's RIM files through `eml rim import`, and what it writes through eml-verify."""
import hashlib
import os

from _eml import Place, equal, expect, main, need_vectors

AT = 1736899200  # 2025-01-15
RIM, EVIDENCE = "nvidia-gpu/rim", "nvidia-gpu/evidence"
DRIVER, VBIOS, MISMATCH = "driver_550.144.03.xml", "vbios_96005E0001.swidtag", "vbios_96005E0001_mismatch.xml"


def rim(name):
    return os.path.join(need_vectors(RIM), name)


def digest(place, name):
    with open(place.path(name), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def test_same_files_give_the_same_bytes():
    with Place() as place:
        told = place.run("eml", "rim", "import", rim(DRIVER), rim(VBIOS), "--out", "a.cbor", "--at", AT, "--json").json()
        place.run("eml", "rim", "import", rim(VBIOS), rim(DRIVER), "--out", "b.cbor", "--at", AT + 1000)
        equal(told["sha256"], digest(place, "a.cbor"), "the printed digest")
        equal(digest(place, "a.cbor"), digest(place, "b.cbor"), "the order of the files")
        equal({(m["kind"], m["version"], m["measurements"]) for m in told["manifests"]},
              {("driver", "550.144.03", 21), ("vbios", "96.00.5E.00.01", 12)}, "what was imported")


def test_refused_files_write_nothing():
    with Place() as place:
        place.write("words.xml", "hello")
        place.write("bomb.xml", '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>')
        place.write("large.xml", " " * (300 << 10))
        cases = [
            (rim("driver_550.144.03_bad_signature.xml"), AT, 10, "signature"),
            (rim("driver_gb100_broken_chain.xml"), 1740000000, 10, "chain"),
            (rim("driver_535.86.09_mismatch.xml"), 1750000000, 10, "signature"),
            (rim(DRIVER), 1700000000, 10, "not yet valid"),
            (rim(DRIVER), 1900000000, 10, "expired"),
            ("words.xml", AT, 30, "well-formed"),
            ("bomb.xml", AT, 30, "RIM"),
            ("large.xml", AT, 30, "limit"),
            ("nowhere.xml", AT, 1, "nowhere.xml"),
        ]
        for path, at, code, word in cases:
            out = place.run("eml", "rim", "import", path, "--out", "out.cbor", "--at", at, code=code)
            expect(word in out.err, f"{path}: {out.err}")
            expect(not os.path.exists(place.path("out.cbor")), f"{path}: something was written")
        place.run("eml", "rim", "import", rim(DRIVER), rim(DRIVER), "--out", "out.cbor", "--at", AT, code=30)
        place.run("eml", "rim", "import", rim(DRIVER), code=2)
        place.run("eml", "rim", "import", "--out", "out.cbor", code=2)


def verdict(place, reference, pinned, code):
    place.write("policy.json", {"version": 1, "nvidia_gpu": {
        "gpus": 1, "reference_sha256": [pinned],
        "may_skip": ["gpu.reference", "gpu.mode", "gpu.devtools", "gpu.bound"]}})
    folder = need_vectors(EVIDENCE)
    out = place.run("eml-verify", "evidence", os.path.join(folder, "hopper-535.report.txt"), "--type", "nvidia-gpu",
                    "--certs", os.path.join(folder, "hopper-535.chain.pem.txt"), "--at", AT, "--policy", "policy.json",
                    "--reference-values", reference, "--json", code=code).json()
    return {check["id"]: check for check in out["checks"]}


def test_verifier_compares_with_what_was_imported():
    with Place() as place:
        place.run("eml", "rim", "import", rim(VBIOS), "--out", "good.cbor", "--at", AT)
        place.run("eml", "rim", "import", rim(MISMATCH), "--out", "other.cbor", "--at", AT)
        checks = verdict(place, "good.cbor", digest(place, "good.cbor"), 0)
        expect("12 measurements" in checks["gpu.measurements"]["reason"], checks["gpu.measurements"])
        checks = verdict(place, "other.cbor", digest(place, "other.cbor"), 10)
        equal(checks["gpu.measurements"]["code"], "GPU_MEASUREMENT_MISMATCH")
        expect("at index 9" in checks["gpu.measurements"]["reason"], checks["gpu.measurements"])
        checks = verdict(place, "other.cbor", digest(place, "good.cbor"), 10)
        equal(checks["gpu.reference"]["code"], "GPU_REFERENCE_NOT_PINNED")


main()

"""Keys, packages and local embedding from the command line: what works, and how each failure is told."""
import hashlib
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import time

import _tiny_model
from _eml import Place, equal, expect, main, need_model, on_terminal, program

TEXT = "The patient is well."


def one_line(out, code, *words):
    equal(out.code, code, out)
    lines = out.err.strip().split("\n")
    expect(len(lines) == 1 and lines[0].startswith("eml: ") and out.out == "", f"not one clear line\n{out}")
    for word in words:
        expect(word in lines[0], f"'{word}' is not told\n{out}")


def packed(place, *more, version=1, out="m.pkg"):
    """A tiny model, a signing key and a package; returns the public key."""
    if not os.path.exists(place.path("model")):
        _tiny_model.make(place.path("model"))
        place.write("public", place.run("eml", "keygen", "--out", "sign.key").out)
    place.run("eml", "model", "pack", "--model-dir", "model", "--id", "tiny/one", "--version", version,
              "--sign-key", "sign.key", "--out", out, "--key-file", "m.pkg.key", *more)
    return place.read("public").decode().strip()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_keygen():
    with Place() as place:
        out = place.run("eml", "keygen", "--out", "a.key")
        expect(len(out.out) == 65 and int(out.out, 16) >= 0, out)
        equal(mode(place.path("a.key")), 0o600)
        secret = place.read("a.key").split()[1].decode()
        expect(secret not in out.out + out.err, "the secret is shown")
        one_line(place.run("eml", "keygen", "--out", "a.key", code=None), 10, "a.key", "never overwritten")
        out = place.run("eml", "keygen", "--out", "k.key", "--kind", "kek", "--json").json()
        expect(out["kind"] == "kek" and out["key_id"].startswith("local:"), out)
        one_line(place.run("eml", "keygen", "--out", "b.key", "--kind", "rsa", code=None), 2, "signing, kek")
        one_line(place.run("eml", "keygen", "--out", "no/where", code=None), 1, "no/where")


def test_pack_inspect_verify():
    with Place() as place:
        public = packed(place)
        equal(mode(place.path("m.pkg.key")), 0o600)
        shown = place.run("eml", "model", "inspect", "m.pkg", "--json").json()
        equal((shown["id"], shown["version"], shown["publisher"]), ("tiny/one", 1, public))
        for f in shown["files"]:
            content = place.read("model", f["name"])
            equal((f["bytes"], f["sha256"]), (len(content), hashlib.sha256(content).hexdigest()), f["name"])
            leaf = hashlib.sha256(b"\0" + content).hexdigest()  # one chunk each: the leaf is the root
            equal(f["merkle_root"], leaf, f["name"])
        verdict = place.run("eml", "model", "verify", "m.pkg", "--public-key", public, "--json").json()
        equal(verdict["verdict"], "accept")
        status = {c["id"]: c["status"] for c in verdict["checks"]}
        for check in ("SIGNATURE", "PUBLISHER", "VALIDITY", "LAYOUT", "KEY", "CHUNKS", "SHA256"):
            equal(status[check], "PASS", check)
        for name in os.listdir(place.dir):
            expect(name in ("model", "m.pkg", "m.pkg.key", "sign.key", "public"), f"{name} was left behind")


def test_the_package_holds_nothing_in_clear():
    with Place() as place:
        packed(place)
        package, key = place.read("m.pkg"), place.read("m.pkg.key").split()[1]
        for name in os.listdir(place.path("model")):
            content = place.read("model", name)
            expect(content[100:140] not in package, f"{name} is in clear")
        expect(bytes.fromhex(key.decode()) not in package, "the key is in the package")


def test_without_a_key():
    with Place() as place:
        packed(place)
        os.rename(place.path("m.pkg.key"), place.path("elsewhere"))
        out = place.run("eml", "model", "verify", "m.pkg", "--json").json()
        status = {c["id"]: c["status"] for c in out["checks"]}
        equal((out["verdict"], status["KEY"], status["PUBLISHER"]), ("accept", "SKIP", "SKIP"))
        expect("CHUNKS" not in status, "chunks were not looked at")
        one_line(place.run("eml", "local", "embed", "--model", "m.pkg", "--text", TEXT, code=None), 1, "m.pkg.key")
        place.run("eml", "local", "embed", "--model", "m.pkg", "--key-file", "elsewhere", "--text", TEXT)


def flip(place, at):
    content = bytearray(place.read("m.pkg"))
    content[at] ^= 1
    return place.write("bad.pkg", bytes(content))


def refused(place, public, code, check, *more):
    out = place.run("eml", "model", "verify", "bad.pkg", "--public-key", public, "--key-file", "m.pkg.key", "--json",
                    *more, code=code).json()
    failed = [c["id"] for c in out["checks"] if c["status"] == "FAIL"]
    equal(failed, [check], out)


def test_damaged_packages():
    with Place() as place:
        public = packed(place)
        good = place.read("m.pkg")
        head, wrapped = struct.unpack(">I", good[12:16])[0], struct.unpack(">H", good[10:12])[0]
        payload = 16 + head + wrapped
        flip(place, 16 + head - 1)
        refused(place, public, 10, "SIGNATURE")
        flip(place, payload - 1)
        refused(place, public, 10, "KEY")
        flip(place, payload + 3)
        refused(place, public, 10, "KEY")
        flip(place, len(good) // 2)
        refused(place, public, 10, "CHUNKS")
        flip(place, len(good) - 1)
        refused(place, public, 10, "CHUNKS")
        flip(place, 0)
        refused(place, public, 30, "SIGNATURE")
        place.write("bad.pkg", good[:-1])
        refused(place, public, 30, "LAYOUT")
        place.write("bad.pkg", good + b"\0")
        refused(place, public, 30, "LAYOUT")
        place.write("bad.pkg", good[:10])
        refused(place, public, 30, "SIGNATURE")
        place.write("bad.pkg", good)
        refused(place, "11" * 32, 10, "SIGNATURE")


def test_a_damaged_package_embeds_nothing():
    with Place() as place:
        packed(place)
        good = place.read("m.pkg")
        for at in range(20, len(good), len(good) // 12):
            flip(place, at)
            out = place.run("eml", "local", "embed", "--model", "bad.pkg", "--key-file", "m.pkg.key", "--text", TEXT,
                            "--json", code=None)
            expect(out.code in (10, 30), out)
            one_line(out, out.code, "bad.pkg")


def test_rollback_and_dates():
    with Place() as place:
        public = packed(place)
        packed(place, "--valid-days", 2, version=2, out="n.pkg")
        shutil.copy(place.path("m.pkg"), place.path("bad.pkg"))
        refused(place, public, 10, "MIN_VERSION", "--min-version", 2)
        one_line(place.run("eml", "model", "verify", "n.pkg", "--state", "seen", code=None), 2, "--public-key")
        place.run("eml", "model", "verify", "n.pkg", "--public-key", public, "--state", "seen")
        refused(place, public, 10, "STATE", "--state", "seen")
        packed(place, version=2, out="bad.pkg")
        refused(place, public, 10, "STATE", "--state", "seen")
        created = place.run("eml", "model", "inspect", "bad.pkg", "--json").json()["created"]
        refused(place, public, 10, "VALIDITY", "--at", created + 366 * 86400)
        refused(place, public, 10, "VALIDITY", "--at", created - 400)


def test_keys_of_others():
    with Place() as place:
        public = packed(place)
        place.run("eml", "keygen", "--kind", "kek", "--out", "other.key")
        os.rename(place.path("m.pkg"), place.path("bad.pkg"))
        one_line(place.run("eml", "local", "embed", "--model", "bad.pkg", "--key-file", "other.key", "--text", TEXT,
                           code=None), 10, "wants key local:")
        one_line(place.run("eml", "local", "embed", "--model", "bad.pkg", "--key-file", "sign.key", "--text", TEXT,
                           code=None), 30, "sign.key")
        os.chmod(place.path("m.pkg.key"), 0o640)
        one_line(place.run("eml", "local", "embed", "--model", "bad.pkg", "--key-file", "m.pkg.key", "--text", TEXT,
                           code=None), 10, "chmod 600")
        one_line(place.run("eml", "model", "verify", "bad.pkg", "--key-file", "m.pkg.key", code=None), 10, "chmod 600")
        one_line(place.run("eml", "model", "verify", "bad.pkg", "--key-file", "none.key", code=None), 1, "none.key")
        os.rename(place.path("other.key"), place.path("m.pkg.key"))
        refused(place, public, 10, "KEY")


def test_pack_refuses():
    with Place() as place:
        _tiny_model.make(place.path("model"))
        place.run("eml", "keygen", "--out", "sign.key")
        good = {"--model-dir": "model", "--id": "m", "--version": "1", "--sign-key": "sign.key", "--out": "m.pkg"}
        for option, value, code, told in (("--id", "a b", 2, "model id"), ("--version", "0", 2, "--version"),
                                          ("--version", "-1", 2, "--version"), ("--sign-key", "none", 1, "none"),
                                          ("--model-dir", "none", 1, "none"), ("--out", "no/where.pkg", 1, "no/where"),
                                          ("--dtypes", "F64", 2, "F64"), ("--dtypes", "BF16", 10, "F32"),
                                          ("--valid-days", "0", 2, "--valid-days")):
            words = [w for pair in {**good, option: value}.items() for w in pair]
            one_line(place.run("eml", "model", "pack", *words, code=None), code, told)
            equal(sorted(os.listdir(place.dir)), ["model", "sign.key"], f"left behind by {option} {value}")
        os.unlink(place.path("model", "tokenizer.json"))
        words = [w for pair in good.items() for w in pair]
        one_line(place.run("eml", "model", "pack", *words, code=None), 1, "tokenizer.json")


def test_an_interrupted_pack_leaves_nothing():
    with Place() as place:
        place.run("eml", "keygen", "--out", "sign.key")
        words = [program("eml"), "model", "pack", "--model-dir", os.path.abspath(need_model()), "--id", "m", "--version", "1",
                 "--sign-key", "sign.key", "--out", "m.pkg"]
        with subprocess.Popen(words, cwd=place.dir, stderr=subprocess.PIPE, text=True) as pack:
            while not os.path.exists(place.path("m.pkg.key")):
                equal(pack.poll(), None, "it has ended before it could be interrupted")
                time.sleep(0.002)
            pack.send_signal(signal.SIGINT)
            said = pack.communicate()[1]
        equal((pack.returncode, said), (1, "eml: cancelled: interrupted, nothing was written; try again later\n"))
        equal(os.listdir(place.dir), ["sign.key"], "left behind")


def test_folder_and_package_embed_the_same():
    with Place() as place:
        public = packed(place)
        lines = "".join(f"the patient is ill {'dose ' * (i % 7)}\n" for i in range(700))
        place.write("lines", lines)
        one = place.run("eml", "local", "embed", "--model-dir", "model", "--lines", "lines", "--json").out
        two = place.run("eml", "local", "embed", "--model", "m.pkg", "--public-key", public, "--lines", "lines", "--json",
                        "--threads", 1, "--kernels", "reference").out
        equal(one == two, True, "bits from folder and package")
        three = place.run("eml", "local", "embed", "--model-dir", "model", "--lines", "-", "--json", stdin=lines).out
        equal(one == three, True, "bits from a file and from standard input")
        rows = [json.loads(line) for line in one.splitlines()]
        equal([r["text_index"] for r in rows], list(range(700)))
        for r in rows:
            raw = struct.pack(f"<{len(r['embedding'])}f", *r["embedding"])
            equal(hashlib.sha256(raw).hexdigest(), r["sha256"])
            expect(abs(sum(x * x for x in r["embedding"]) - 1) < 1e-5, "unit length")
        out = place.run("eml", "local", "embed", "--model-dir", "model", "--text", TEXT, "--json", "--no-normalize")
        expect(abs(sum(x * x for x in out.json()["embedding"]) - 1) > 1e-3, "not normalised")


def test_progress_on_a_terminal():
    with Place() as place:
        _tiny_model.make(place.path("model"))
        lines = place.write("lines", "the patient is ill\n" * 1000)
        words = [program("eml"), "local", "embed", "--model-dir", place.path("model"), "--lines", lines, "--json"]
        with open(place.path("out"), "wb") as out:
            said = on_terminal(words, {"TERM": "xterm"}, out)
        equal(place.read("out").count(b"\n"), 1000)
        expect(b"embedding" in said and b"1000" in said, said)


def test_long_texts():
    with Place() as place:
        _tiny_model.make(place.path("model"))
        long = "dose " * 100
        out = place.run("eml", "local", "embed", "--model-dir", "model", "--text", "dose", "--text", long, "--json")
        rows = out.json_lines()
        equal([(r["tokens"], r["truncated"]) for r in rows], [(3, False), (_tiny_model.POSITIONS, True)])
        one_line(place.run("eml", "local", "embed", "--model-dir", "model", "--text", "dose", "--text", long, "--json",
                           "--no-truncate", code=None), 30, "text 1", "48 tokens")
        equal(len(place.run("eml", "tokenize", "--model-dir", "model", "--text", long).out.split()), 102)
        equal(len(place.run("eml", "tokenize", "--model-dir", "model", "--text", long, "--max-tokens", 9).out.split()), 9)


def test_tokenize():
    with Place() as place:
        _tiny_model.make(place.path("model"))
        equal(place.run("eml", "tokenize", "--model-dir", "model", "--text", TEXT).out, "2 4 6 7 8 13 3\n")
        equal(place.run("eml", "tokenize", "--model-dir", "model", "--text", "").out, "2 3\n")
        place.write("lines", "the\r\n\npatient")
        equal(place.run("eml", "tokenize", "--model-dir", "model", "--file", "lines").out, "2 4 3\n2 3\n2 6 3\n")
        place.write("bad", b"the\n\xff\n")
        out = place.run("eml", "tokenize", "--model-dir", "model", "--file", "bad", code=30)
        expect("text 1" in out.err and out.err.count("\n") == 1, out)
        one_line(place.run("eml", "tokenize", "--model-dir", "model", code=None), 2, "--text")
        one_line(place.run("eml", "tokenize", "--model-dir", "model", "--text", "a", "--file", "lines", code=None), 2, "--file")


def test_which_model():
    with Place() as place:
        packed(place)
        embed = ("eml", "local", "embed", "--text", TEXT)
        one_line(place.run(*embed, code=None), 2, "--model-dir")
        one_line(place.run(*embed, "--model-dir", "model", "--model", "m.pkg", code=None), 2, "--model-dir")
        one_line(place.run(*embed, "--model-dir", "model", "--key-file", "m.pkg.key", code=None), 2, "--key-file")
        one_line(place.run(*embed, "--model-dir", "model", "--threads", "0", code=None), 2, "--threads")
        one_line(place.run(*embed, "--model-dir", "model", "--kernels", "abacus", code=None), 2, "--kernels")
        one_line(place.run(*embed, "--model", "m.pkg", "--public-key", "xyz", code=None), 2, "--public-key")
        one_line(place.run(*embed, "--model", "m.pkg", "--public-key", "11" * 32, code=None), 10, "publisher")
        one_line(place.run(*embed, "--model", "sign.key", code=None), 30, "no model package")


def test_the_real_model():
    model = need_model()
    with Place() as place:
        place.run("eml", "keygen", "--out", "sign.key")
        place.run("eml", "model", "pack", "--model-dir", model, "--id", "minilm", "--version", 1, "--sign-key", "sign.key",
                  "--out", "m.pkg")
        place.run("eml", "model", "verify", "m.pkg")
        for text in (TEXT, "x " * 600):
            one = place.run("eml", "local", "embed", "--model-dir", model, "--text", text, "--json").out
            two = place.run("eml", "local", "embed", "--model", "m.pkg", "--text", text, "--json", "--threads", 1).out
            equal(one, two)


main()

"""Every wrong use gives one clear line and the right exit code; --help and --version work everywhere."""
import json
import os
import socket
import subprocess

from _eml import ROOT, Place, equal, expect, free_port, main, program

PROGRAMS = ["eml", "eml-verify", "eml-host", "eml-enclave", "eml-enclave-sim"]
HEX32 = "11" * 32


def one_line(output, program_name, *words):
    lines = output.err.strip().split("\n")
    equal(len(lines), 1, f"lines on standard error\n{output}")
    expect(lines[0].startswith(program_name + ": "), f"no 'program: ' in front\n{output}")
    for word in words:
        expect(word in lines[0], f"'{word}' is not in the line\n{output}")
    equal(output.out, "", f"standard output of a failure\n{output}")


def commands(place, name):
    """["eml", "model", "pack"] and so on, from the program's own help."""
    out = place.run(name, "--help").out
    if "\ncommands:\n" not in out:
        return [[name]]
    listed = out.split("\ncommands:\n")[1].split("\n\n")[0]
    return [[name, *line.strip().split("  ")[0].split()] for line in listed.splitlines()]


def test_help_and_version():
    with Place() as place:
        for name in PROGRAMS:
            out = place.run(name, "--version").out
            expect(out.startswith(name + " ") and len(out.split()) == 2, out)
            for command in commands(place, name):
                out = place.run(*command, "--help")
                expect(out.out.startswith("usage: " + " ".join(command)), out)
                equal(out.err, "", "help goes to standard output")


def test_unknown_option():
    with Place() as place:
        for name in PROGRAMS:
            for command in commands(place, name):
                out = place.run(*command, "--foo", code=2)
                one_line(out, name, "unknown option --foo", "see " + " ".join(command) + " --help")


def test_unknown_command():
    with Place() as place:
        one_line(place.run("eml", "fly", code=2), "eml", "unknown command 'fly'", "see eml --help")
        one_line(place.run("eml", code=2), "eml", "no command")
        one_line(place.run("eml", "model", code=2), "eml", "model")
        one_line(place.run("eml-verify", "guess", code=2), "eml-verify", "unknown command 'guess'")


def test_missing_required_option():
    with Place() as place:
        for name in PROGRAMS:
            for command in commands(place, name):
                needs = [line.split()[0] for line in place.run(*command, "--help").out.splitlines() if "(required)" in line]
                if needs:
                    one_line(place.run(*command, code=2), name, "is missing")


def config_users(place):
    """(words, a correct configuration) of each program that reads one."""
    place.write("policy.json", {"version": 1, "service": "x", "trust_simulated_root": HEX32,
                                "simulated": {"releases": [{"name": "r", "pcr0": "22" * 48}]}})
    model = {"package": "none.pkg", "publisher_key": HEX32, "min_version": 1, "key_file": "none.key"}
    enclave = {"listen": f"unix:{place.path('e.sock')}", "service": "x", "threads": 1, "model": model}
    client = {"connect": f"unix:{place.path('nobody.sock')}", "policy": "policy.json"}
    return [
        (["eml", "attest"], client),
        (["eml", "embed", "--text", "x"], client),
        (["eml-host"], {"listen": "tcp:127.0.0.1:0", "upstream": f"unix:{place.path('e.sock')}"}),
        (["eml-enclave"], enclave),
        (["eml-enclave-sim"], {**enclave, "state_dir": "state"}),
    ]


def test_configuration_that_is_not_there():
    with Place() as place:
        for words, _ in config_users(place):
            out = place.run(*words, "--config", place.path("none.json"), code=1)
            one_line(out, words[0], "not found", "none.json")


def test_configuration_that_is_not_json():
    with Place() as place:
        for words, good in config_users(place):
            for name, text in (("cut", json.dumps(good)[:-1]), ("empty", ""), ("array", "[]"), ("nul", "{\"a\":\"\0\"}"),
                               ("twice", '{"listen":"a","listen":"b"}'), ("not utf-8", b'{"listen":"\xff"}')):
                out = place.run(*words, "--config", place.write("bad.json", text), code=2)
                one_line(out, words[0], "configuration is not valid", "bad.json")
                expect(name, name)


def test_unknown_key():
    with Place() as place:
        for words, good in config_users(place):
            out = place.run(*words, "--config", place.write("odd.json", {**good, "lisetn": "x"}), code=2)
            one_line(out, words[0], "lisetn")


def test_missing_and_mistyped_keys():
    with Place() as place:
        for words, good in config_users(place):
            for key in good:
                if key in ("threads", "state_dir"):
                    continue
                less = {k: v for k, v in good.items() if k != key}
                one_line(place.run(*words, "--config", place.write("less.json", less), code=2), words[0], key)
                one_line(place.run(*words, "--config", place.write("type.json", {**good, key: 7}), code=2), words[0], key)


def test_unreachable_host():
    with Place() as place:
        words, client = config_users(place)[0]
        for connect in (client["connect"], f"tcp:127.0.0.1:{free_port()}"):
            path = place.write("client.json", {**client, "connect": connect})
            one_line(place.run(*words, "--config", path, code=1), "eml", connect.split(":", 1)[1])


def test_busy_port():
    with Place() as place, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = place.write("host.json", {"listen": f"tcp:127.0.0.1:{port}", "upstream": "unix:/nonexistent"})
        out = place.run("eml-host", "--config", path, code=1)
        lines = [line for line in out.err.splitlines() if line.startswith("eml-host: ")]
        expect(len(lines) == 1 and str(port) in lines[0], out)


def test_missing_model():
    with Place() as place:
        for words in (["tokenize"], ["local", "embed"]):
            out = place.run("eml", *words, "--model-dir", place.path("nothing"), "--text", "x", code=1)
            one_line(out, "eml", "not found", "nothing")


def test_missing_package():
    with Place() as place:
        os.mkdir(place.path("state"), 0o700)
        _, good = config_users(place)[4]
        out = place.run("eml-enclave-sim", "--config", place.write("e.json", good), code=1)
        lines = [line for line in out.err.splitlines() if not line.startswith("{")]
        expect(len(lines) == 1 and "none.pkg" in lines[0], out)


def test_files_that_cannot_be_read():
    with Place() as place:
        out = place.run("eml-verify", "receipt", place.path("none.cbor"), "--key", HEX32, code=1)
        one_line(out, "eml-verify", "not found", "none.cbor")
        out = place.run("eml-verify", "receipt", place.dir, "--key", HEX32, code=1)
        one_line(out, "eml-verify", "folder")
        receipt = place.write("receipt", b"x")
        for request, told in ((place.dir, "Is a directory"), (os.path.join(receipt, "x"), "Not a directory")):
            out = place.run("eml-verify", "receipt", receipt, "--key", HEX32, "--request", request, code=1)
            one_line(out, "eml-verify", "input or output failed", "--request", told)
        out = place.run("eml-verify", "evidence", receipt, "--type", "tdx", "--report-data", "11", code=2)
        one_line(out, "eml-verify", "--report-data takes 64 bytes")


def test_output_that_cannot_be_written():
    with open("/dev/full", "wb") as full:
        run = subprocess.run([program("eml"), "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    equal(run.returncode, 1, run.stderr)
    equal(run.stderr, "eml: standard output cannot be written\n")


def test_a_result_that_cannot_be_written_is_one_line():
    """Whether the program notices at once or when it ends, and in whichever process."""
    with Place() as place, open("/dev/full", "wb") as full:
        evidence = place.write("evidence", b"")
        for words in (["eml", "policy", "explain", os.path.join(ROOT, "examples", "policy-nitro.json")],
                      ["eml-verify", "selftest"], ["eml-verify", "checks"],
                      ["eml-verify", "evidence", evidence, "--type", "nitro"],
                      ["eml-verify", "evidence", evidence, "--type", "nitro", "--html", place.path("out.html")]):
            run = subprocess.run([program(words[0]), *words[1:]], stdout=full, stderr=subprocess.PIPE, text=True)
            expect(run.returncode != 0 and run.stderr.count("\n") == 1, f"{words}: {run.returncode}\n{run.stderr}")


def test_a_closed_pipe_is_no_crash():
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([program("eml"), "--help"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    equal(run.returncode, 1, run.stderr)


def test_texts_are_utf_8():
    """Told before a model is loaded or a connection made: there is neither here."""
    with Place() as place:
        bad = place.write("lines", b"good\nbad \xff\n")
        place.write("client.json", {"connect": "unix:/nonexistent", "policy": "none.json"})
        for words in (["tokenize", "--model-dir", "none", "--file", bad], ["local", "embed", "--model-dir", "none", "--lines", bad],
                      ["embed", "--config", "client.json", "--lines", bad]):
            one_line(place.run("eml", *words, code=30), "eml", "text 1", "UTF-8")


def test_names_of_kernels():
    with Place() as place:
        for name in ("receipt", "request", "response"):
            place.write(name, b"x")
        words = ["--receipt", "receipt", "--request", "request", "--response", "response", "--model-dir", "none"]
        one_line(place.run("eml", "replay", *words, "--kernels", "fast", code=2), "eml", "--kernels", "avx2", "'fast'")


def line_of(pid, file, name):
    with open(f"/proc/{pid}/{file}") as f:
        return next(line for line in f if line.startswith(name)).split()


def test_prompts_reach_no_core_file():
    with Place() as place:
        os.mkfifo(place.path("lines"))
        os.mkdir(place.path("model"))
        words = [program("eml"), "tokenize", "--file", place.path("lines"), "--model-dir", place.path("model")]
        waiting = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(place.path("lines"), "wb"):  # opens when the program is as far
            limit = line_of(waiting.pid, "limits", "Max core file size")
        waiting.wait(60)
        equal(limit[4:6], ["0", "0"], "core file size, soft and hard")


main()

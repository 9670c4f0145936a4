"""What the integration tests share: the real programs, folders that vanish, and services that are ready when used.

    with Place() as place:
        place.write("client.json", {"connect": "tcp:127.0.0.1:7443", "policy": "policy.json"})
        service = place.start("eml-host", "--config", place.path("host.json"), ready="listening")
        out = place.run("eml", "attest", "--config", place.path("client.json"), code=0)

A test is a plain script: main() calls its functions that are named test_*, in their order; it exits 0, 1, or 77 for a
skip with its reason.
"""
import inspect
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.environ.get("EML_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("EML_BIN") or os.path.join(ROOT, "build", "dev", "bin")
MODEL = os.environ.get("EML_MODEL_DIR") or os.path.join(ROOT, "models", "minilm")
VECTORS = os.environ.get("EML_VECTORS") or os.path.join(ROOT, "..", "shared", "vectors")
SLOW = 8 if os.environ.get("EML_LANE", "plain") != "plain" else 1


class Skip(Exception):
    """Raised with the reason for which a test cannot run here."""


class Failure(AssertionError):
    """Raised with what was expected and what came."""


def need_model():
    if not os.path.exists(os.path.join(MODEL, "model.safetensors")):
        raise Skip(f"no model in {MODEL}: run scripts/fetch-model.sh minilm models/minilm")
    return MODEL


def need_vectors(name):
    path = os.path.join(VECTORS, name)
    if not os.path.exists(path):
        raise Skip(f"no third-party vectors in {path}: set EML_VECTORS")
    return path


def open_terminal():
    """Both ends of a pseudo-terminal. A bare root has none until /dev/pts is mounted."""
    try:
        return pty.openpty()
    except OSError as reason:
        raise Skip(f"no pseudo-terminal: {reason}; mount /dev/pts") from None


def program(name):
    path = os.path.join(BIN, name)
    if not os.access(path, os.X_OK):
        raise Failure(f"{path} was not built")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def on_terminal(words, env, stdout=None):
    """What a program that succeeds writes to a terminal, to its end: the last of it arrives after the exit."""
    outer, inner = open_terminal()
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CI")}
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stdout or inner, stderr=inner,
                               env={**plain, **env})
    os.close(inner)
    said, some = b"", b"first"
    while some:
        try:
            some = os.read(outer, 65536)
        except OSError:  # of a terminal that nobody writes to any more
            some = b""
        said += some
    os.close(outer)
    equal(process.wait(), 0, said)
    return said


class Output:
    """What a finished program said."""

    def __init__(self, words, run):
        self.words, self.code = words, run.returncode
        self.out, self.err = run.stdout, run.stderr

    def json(self):
        return json.loads(self.out)

    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __str__(self):
        return f"$ {' '.join(self.words)}\nexit {self.code}\n--- out\n{self.out[-3000:]}\n--- err\n{self.err[-3000:]}"


class Service:
    """A program in the background; its standard error goes to a file."""

    def __init__(self, words, log, env):
        self.words, self.log = words, log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)

    def said(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def wait_for(self, text, seconds=60):
        end = time.monotonic() + seconds * SLOW
        while text not in self.said():
            if self.process.poll() is not None:
                raise Failure(f"{self.words[0]} ended with {self.process.returncode}:\n{self.said()[-3000:]}")
            if time.monotonic() > end:
                raise Failure(f"{self.words[0]} did not say '{text}' in time:\n{self.said()[-3000:]}")
            time.sleep(0.02)
        return self

    def stop(self, seconds=20):
        """Asks it to end, returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failure(f"{self.words[0]} did not end on SIGTERM:\n{self.said()[-3000:]}") from None
        return self.process.returncode


class Place:
    """A folder for one test, and the services that run in it."""

    def __init__(self):
        self.dir, self.services = tempfile.mkdtemp(prefix="eml-"), []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for service in reversed(self.services):
            try:
                service.stop()
            except Failure as problem:
                print(problem)
            if kind is not None and not issubclass(kind, Skip):
                print(f"--- log of {os.path.basename(service.words[0])}\n{service.said()[-3000:]}")
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, content, mode=0o644):
        path = self.path(name)
        if isinstance(content, (dict, list)):
            content = json.dumps(content)
        with open(path, "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)
        os.chmod(path, mode)
        return path

    def read(self, *names):
        with open(self.path(*names), "rb") as f:
            return f.read()

    def run(self, name, *words, code=0, stdin=None, env=None, timeout=120):
        """Runs a program to its end; code=None accepts any exit code."""
        full = [program(name), *map(str, words)]
        given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
        run = subprocess.run(full, cwd=self.dir, capture_output=True, text=True, timeout=timeout * SLOW,
                             env={**os.environ, **(env or {})}, **given)
        output = Output([name, *map(str, words)], run)
        if code is not None and output.code != code:
            raise Failure(f"expected exit {code}\n{output}")
        return output

    def start(self, name, *words, ready=None, seconds=60, env=None):
        full = [program(name), *map(str, words)]
        log = self.path(f"{len(self.services)}-{name}.log")
        service = Service(full, log, {**os.environ, **(env or {})})
        self.services.append(service)
        return service.wait_for(ready, seconds) if ready else service


def expect(condition, what):
    if not condition:
        raise Failure(str(what))


def equal(got, wanted, what=""):
    if got != wanted:
        raise Failure(f"{what}: got {got!r}, wanted {wanted!r}")


def own_tests(script):
    """The functions named test_* that stand in it, in their order."""
    return [f for name, f in vars(script).items() if name.startswith("test_") and inspect.isfunction(f)
            and f.__module__ == script.__name__]


def main():
    """Runs the calling script's tests, each on its own, and exits with the outcome of all."""
    tests = own_tests(sys.modules["__main__"])
    if not tests:
        sys.exit("no function is named test_*")
    failed = skipped = 0
    for test in tests:
        start = time.monotonic()
        try:
            test()
            word = "ok"
        except Skip as reason:
            skipped += 1
            word = f"SKIP: {reason}"
        except Exception as problem:  # a test that breaks has failed, whatever broke it
            failed += 1
            word = f"FAILED: {type(problem).__name__}: {problem}"
        print(f"{test.__name__} ({time.monotonic() - start:.1f} s): {word}", flush=True)
    print(f"{len(tests) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 77 if skipped == len(tests) else 0)

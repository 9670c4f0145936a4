"""eml-host as a program: it copies every byte both ways, keeps its limits, and says clearly what is wrong."""
import json
import os
import socket
import threading
import time

from _eml import Place, Skip, equal, expect, main

BUSY = bytes.fromhex("454d010500000001" "02")
UNREACHABLE = bytes.fromhex("454d010500000001" "09")
SECRET = b"canary-5f1c-never-in-a-log"


class Upstream:
    """A server on a Unix socket that does `serve` with each connection."""

    def __init__(self, path, serve):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.serve = serve
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.listener.close()


def echo(connection):
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            pass  # the client left


def read_all_then_answer(connection):
    """Answers only after the client's half close has come through."""
    with connection:
        total = 0
        while data := connection.recv(65536):
            total += len(data)
        connection.sendall(b"%d bytes" % total)


def hold(connection):
    time.sleep(30)
    connection.close()


def start_host(place, **more):
    config = {"listen": "tcp:127.0.0.1:0", "upstream": "unix:" + place.path("up.sock"), **more}
    service = place.start("eml-host", "--config", place.write("host.json", config), ready='"ready"')
    ready = next(json.loads(line) for line in service.said().splitlines() if '"ready"' in line)
    return service, int(ready["listen"].rsplit(":", 1)[1])


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=20)
    return s


def read_to_end(s):
    parts = []
    while data := s.recv(65536):
        parts.append(data)
    return b"".join(parts)


def events(service, name):
    lines = [json.loads(line) for line in service.said().splitlines()]
    return [line for line in lines if line["event"] == name]


def wait_for(condition, what):
    end = time.monotonic() + 10
    while not condition():
        expect(time.monotonic() < end, what)
        time.sleep(0.02)


def test_copies_every_byte_both_ways_and_logs_none():
    with Place() as place, Upstream(place.path("up.sock"), echo):
        service, port = start_host(place)
        content = SECRET + os.urandom(8 << 20) + SECRET
        with connect(port) as s:
            threading.Thread(target=lambda: (s.sendall(content), s.shutdown(socket.SHUT_WR)), daemon=True).start()
            expect(read_to_end(s) == content, "echo differs")
        wait_for(lambda: events(service, "connection closed"), "no line for the closed connection")
        line = events(service, "connection closed")[0]
        equal((line["up_bytes"], line["down_bytes"]), (len(content), len(content)), "bytes in the log")
        expect(SECRET.decode() not in service.said(), "content in the log")
        equal(service.stop(), 0, "exit code after SIGTERM")


def test_passes_a_half_close_on():
    with Place() as place, Upstream(place.path("up.sock"), read_all_then_answer):
        _, port = start_host(place)
        with connect(port) as s:
            s.sendall(b"x" * 1000)
            s.shutdown(socket.SHUT_WR)
            equal(read_to_end(s), b"1000 bytes")


def test_many_at_once_do_not_mix():
    with Place() as place, Upstream(place.path("up.sock"), echo):
        _, port = start_host(place)
        sockets = [connect(port) for _ in range(50)]
        for i, s in enumerate(sockets):
            s.sendall(b"%d;" % i * 100)
        for i, s in enumerate(sockets):
            s.shutdown(socket.SHUT_WR)
            equal(read_to_end(s), b"%d;" % i * 100)
            s.close()


def test_a_slow_reader_holds_nobody_else():
    with Place() as place, Upstream(place.path("up.sock"), echo):
        _, port = start_host(place)
        with connect(port) as slow, connect(port) as quick:
            slow.settimeout(0.5)
            try:
                slow.sendall(b"z" * (64 << 20))  # never read back: the kernel's buffers and one of the host's fill up
                expect(False, "64 MiB went somewhere")
            except TimeoutError:
                pass
            quick.sendall(b"ping")
            equal(quick.recv(4), b"ping")


def test_refuses_above_the_limit_and_says_so():
    with Place() as place, Upstream(place.path("up.sock"), echo):
        service, port = start_host(place, max_connections=2)
        first, second = connect(port), connect(port)
        for s in (first, second):
            s.sendall(b"hi")
            equal(s.recv(2), b"hi")
        with connect(port) as third:
            equal(read_to_end(third), BUSY)
        wait_for(lambda: events(service, "connection refused"), "no line for the refused client")
        first.close()
        wait_for(lambda: events(service, "connection closed"), "the place was not given back")
        with connect(port) as again:
            again.sendall(b"hi")
            equal(again.recv(2), b"hi")
        second.close()


def test_an_unreachable_upstream_is_told_and_logged():
    with Place() as place:
        service, port = start_host(place)
        with connect(port) as s:
            equal(read_to_end(s), UNREACHABLE)
        wait_for(lambda: events(service, "upstream unreachable"), "no line for the unreachable upstream")
        lines = events(service, "upstream unreachable")
        expect("No such file" in lines[0]["why"], lines[0])
        out = place.run("eml", "attest", "--config", place.write("client.json", {
            "connect": f"tcp:127.0.0.1:{port}", "policy": place.write("policy.json", {
                "version": 1, "nitro": {"releases": [{"name": "r", "pcr0": "01" * 48}]}})}), code=None)
        expect("cannot be reached" in out.err + out.out, out)
        equal(out.code, 1, "exit code of a client whose enclave is down")
        equal(service.stop(), 0)


def test_idle_and_old_connections_end():
    with Place() as place, Upstream(place.path("up.sock"), hold):
        service, port = start_host(place, idle_timeout_ms=200)
        with connect(port) as s:
            equal(read_to_end(s), b"")
        wait_for(lambda: events(service, "connection timed out"), "no line for the idle connection")
        expect("nothing was sent" in events(service, "connection timed out")[0]["why"], "idle")
        service.stop()
        service, port = start_host(place, total_timeout_ms=300)
        with connect(port) as s:
            s.settimeout(5)
            start = time.monotonic()
            try:
                while True:
                    s.sendall(b"x")
                    time.sleep(0.02)
                    expect(time.monotonic() - start < 5, "outlived its age limit")
            except OSError:
                pass
        wait_for(lambda: events(service, "connection timed out"), "no line for the old connection")
        expect("age limit" in events(service, "connection timed out")[0]["why"], "total")


def test_runs_behind_a_system_call_filter():
    if os.environ.get("EML_LANE", "plain") != "plain":
        raise Skip("a sanitizer's runtime needs more calls than the filter allows")
    with Place() as place:
        service, _ = start_host(place)
        with open(f"/proc/{service.process.pid}/status") as f:
            state = dict(line.split(":\t", 1) for line in f if ":\t" in line)
        equal((state["Seccomp"].strip(), state["NoNewPrivs"].strip()), ("2", "1"), "filter, no_new_privs")


def test_stops_at_once_with_connections_open():
    with Place() as place, Upstream(place.path("up.sock"), hold):
        service, port = start_host(place)
        with connect(port) as s:
            s.sendall(b"x")
            start = time.monotonic()
            equal(service.stop(), 0)
            expect(time.monotonic() - start < 3, "took its time to stop")
            try:
                equal(read_to_end(s), b"")
            except ConnectionResetError:
                pass  # there was a byte that nobody had read


def test_wrong_configurations_give_one_clear_line():
    rows = [
        ("not JSON", "{", 2, "host.json"),
        ("no listen", {"upstream": "unix:/x"}, 2, "listen"),
        ("no upstream", {"listen": "tcp:127.0.0.1:0"}, 2, "upstream"),
        ("unknown key", {"listen": "tcp:127.0.0.1:0", "upstream": "unix:/x", "verbose": True}, 2, "verbose"),
        ("bad address", {"listen": "9000", "upstream": "unix:/x"}, 2, "address '9000'"),
        ("limit out of range", {"listen": "tcp:127.0.0.1:0", "upstream": "unix:/x", "max_connections": 0}, 2,
         "max_connections"),
        ("a name to listen on", {"listen": "tcp:enclave.example:1", "upstream": "unix:/x"}, 2, "not a name"),
    ]
    with Place() as place:
        for rule, config, code, text in rows:
            out = place.run("eml-host", "--config", place.write("host.json", config), code=None)
            expect(out.code == code and text in out.err and len(out.err.splitlines()) == 1, f"{rule}:\n{out}")
        out = place.run("eml-host", "--config", place.path("missing.json"), code=None)
        expect(out.code != 0 and "missing.json" in out.err, out)
        out = place.run("eml-host", "--nonsense", code=2)
        expect("--nonsense" in out.err, out)


def test_a_busy_port_gives_one_clear_line():
    with Place() as place, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        address = "tcp:127.0.0.1:%d" % taken.getsockname()[1]
        out = place.run("eml-host", "--config",
                        place.write("host.json", {"listen": address, "upstream": "unix:/x"}), code=1)
        expect(f"address {address} is in use" in out.err and len(out.err.splitlines()) == 1, out)


main()

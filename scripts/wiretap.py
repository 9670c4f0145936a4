#!/usr/bin/env python3
"""Listens on the wire for the demo: forwards every connection and keeps all bytes of both directions.

usage: wiretap.py UPSTREAM_PORT CAPTURE_FILE
"""
import socket
import sys
import threading


def pump(source, target, capture, lock):
    while True:
        data = source.recv(65536)
        if not data:
            break
        with lock:
            capture.write(data)
            capture.flush()
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def quietly(*args):
    try:
        pump(*args)
    except OSError:
        pass


def main():
    upstream_port, capture_file = int(sys.argv[1]), sys.argv[2]
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening on", listener.getsockname()[1], flush=True)
    lock = threading.Lock()
    with open(capture_file, "wb") as capture:
        while True:
            client, _ = listener.accept()
            upstream = socket.create_connection(("127.0.0.1", upstream_port))
            for pair in ((client, upstream), (upstream, client)):
                threading.Thread(target=quietly, args=(*pair, capture, lock), daemon=True).start()


main()

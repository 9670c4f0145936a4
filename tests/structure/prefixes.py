"""Exported names carry the prefix of a module of their folder: a header's stem, or what stands in ALSO."""
import os

from _objects import archives
from _tree import ROOMS, ROOT, Report

report = Report("prefixes")
# module: the other prefixes that it exports, as its header's first lines say.
ALSO = {
    "base/bytes": ["ct_equal", "wipe"],
    "base/text": ["hex_", "base64_", "base64url_", "utf8_"],
    "base/file": ["fd_"],
    "base/checks": ["verdict_"],
    "crypto/hash": ["sha256", "sha384", "sha512", "hmac"],
    "channel/handshake": ["frame_", "suite_"],
    "channel/record": ["fragment_"],
    "channel/schedule": ["confirmation_"],
    "channel/session": ["message_"],
    "channel/streams": ["message_"],
    "channel/wire": ["client_", "server_", "frame_", "reason_"],
    "formats/safetensors": ["tensor_"],
    "tee/provider": ["tee_"],
    "serve/message": ["embed_", "refusal_"],
}


def modules(layer):
    """The headers of a folder: a module is a header, and a part of it may lie in a file of its own. A room of a layer
    brings its headers, and its own name."""
    folder = os.path.join(ROOT, "src", layer)
    if not os.path.isdir(folder):
        folder = os.path.join(ROOT, "src", *layer.split("_", 1))
    rooms = sorted(os.listdir(folder)) if os.path.relpath(folder, os.path.join(ROOT, "src")) in ROOMS else []
    rooms = [room for room in rooms if os.path.isdir(os.path.join(folder, room))]
    places = [folder, *(os.path.join(folder, room) for room in rooms)]
    return rooms + [name[:-2] for place in places for name in os.listdir(place) if name.endswith(".h")]


for layer, members in archives().items():
    if layer == "test_support":
        continue
    known = modules(layer)
    for stem, (names, _) in sorted(members.items()):
        allowed = [stem, *known, *ALSO.get(f"{layer}/{stem}", [])]
        for name in sorted(names):
            report.look()
            if not any(name == p or name.startswith(p if p.endswith("_") else p + "_") for p in allowed):
                report.fail(f"{layer}/{stem}", f"exports {name}")
report.end()

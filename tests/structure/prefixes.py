"""Exported names carry the prefix of their module: the file's stem, or one that its header documents here."""
from _objects import archives
from _tree import Report

report = Report("prefixes")
# module: the other prefixes that it exports, as its header's first lines say.
ALSO = {
    "base/bytes": ["ct_equal", "wipe"],
    "base/text": ["hex_", "base64_", "utf8_"],
    "base/file": ["fd_"],
    "base/checks": ["verdict_"],
    "crypto/hash": ["sha256", "sha384", "sha512", "hmac"],
    "serve/message": ["embed_", "refusal_"],
}

for layer, members in archives().items():
    for stem, (names, _) in sorted(members.items()):
        allowed = [stem, *ALSO.get(f"{layer}/{stem}", [])]
        for name in sorted(names):
            report.look()
            if not any(name == p or name.startswith(p if p.endswith("_") else p + "_") for p in allowed):
                report.fail(f"{layer}/{stem}", f"exports {name}")
report.end()

"""Confidential Space tokens judged a second time: form, signature and claims by `jwcrypto`, chains by `cryptography`.

    compare_tokens.py [--verify EML_VERIFY] FOLDER     FOLDER holds oidc/, pki/ and malformed/

Every token is also edited in ways that must not hold: each is signed again with a key of this script or left with its old
signature. Prints a line for each. With --verify the program is asked as well, and every difference is printed; it must
never hold what the others refuse. Needs: pip install jwcrypto cryptography. Does not run in the tests.
"""
import argparse
import base64
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from jwcrypto import jwk, jwt
from jwcrypto.common import JWException

ROOT = None


def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pack(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def is_issued(cert, issuer, at):
    try:
        issuer.public_key().verify(cert.signature, cert.tbs_certificate_bytes, padding.PKCS1v15(), cert.signature_hash_algorithm)
    except InvalidSignature:
        return False
    return cert.issuer == issuer.subject and cert.not_valid_before_utc <= at <= cert.not_valid_after_utc


def key_of_chain(x5c, at):
    """The leaf's key when the chain leads to the pinned root, else None."""
    chain = [x509.load_der_x509_certificate(base64.b64decode(c)) for c in x5c]
    if chain[-1] != ROOT:
        chain.append(ROOT)
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    if len(chain) < 2 or not all(is_issued(c, above, when) for c, above in zip(chain, chain[1:])):
        return None
    return jwk.JWK.from_pyca(chain[0].public_key())


def judge(token, keys, at):
    """None when it holds, else why not. As a relying party would use the library: algorithm and claims pinned."""
    try:
        header = json.loads(part(token.split(".")[0]))
        key = key_of_chain(header["x5c"], at) if "x5c" in header else keys.get_key(header.get("kid"))
        if key is None:
            return "no key"
        held = jwt.JWT(algs=["RS256"], check_claims={"exp": None, "iss": "https://confidentialcomputing.googleapis.com"})
        held.leeway, held.validity = 0, 0
        # The library compares exp with its own clock, so the times are compared here.
        held._check_check_claims = lambda *_: None
        held._check_default_claims = lambda *_: None
        held._check_provided_claims = lambda *_: None
        held.deserialize(token, key)
        claims = json.loads(held.claims)
    except (JWException, ValueError, KeyError, TypeError, IndexError) as e:
        return f"{type(e).__name__}: {e}".split("\n")[0][:90]
    if claims.get("iss") != "https://confidentialcomputing.googleapis.com":
        return "another issuer"
    if not claims.get("nbf", at + 1) <= at < claims.get("exp", 0):
        return "not at this time"
    return None


def edits(token):
    """Tokens that nobody issued, each with its name."""
    header, claims, signature = token.split(".")
    h, c = json.loads(part(header)), json.loads(part(claims))
    mine = jwk.JWK.generate(kty="RSA", size=2048, kid=h.get("kid", "mine"))

    def signed(new, key=mine, body=claims, alg="RS256"):
        made = jwt.JWT(header={**new, "alg": alg}, claims=part(body).decode())
        made.make_signed_token(key)
        return made.serialize()

    yield "signed by another key", signed(h)
    yield "a key in the header", signed({**{k: v for k, v in h.items() if k != "x5c"}, "jwk": mine.export_public(as_dict=True)})
    yield "no signature", ".".join([pack(json.dumps({**h, "alg": "none"}).encode()), claims, ""])
    yield "alg none, old signature", ".".join([pack(json.dumps({**h, "alg": "none"}).encode()), claims, signature])
    yield "alg RS384", ".".join([pack(json.dumps({**h, "alg": "RS384"}).encode()), claims, signature])
    secret = jwk.JWK(kty="oct", k=pack(b"public key as a secret, sixty-four bytes or so of it, taken once"))
    yield "alg HS256", signed({k: v for k, v in h.items() if k != "x5c"}, secret, alg="HS256")
    yield "another audience", ".".join([header, pack(json.dumps({**c, "aud": "https://x.invalid"}).encode()), signature])
    yield "not debug", ".".join([header, pack(json.dumps({**c, "dbgstat": "disabled-since-boot"}).encode()), signature])
    yield "a later end", ".".join([header, pack(json.dumps({**c, "exp": c.get("exp", 0) + 3600}).encode()), signature])
    yield "claims in other order", ".".join([header, pack(json.dumps(dict(reversed(c.items()))).encode()), signature])
    yield "cut signature", token[:-4]
    yield "a fourth part", token + ".AA"
    yield "padding", token + "=="
    yield "a line feed", token + "\n"
    yield "spare bits", token[:-1] + chr(ord(token[-1]) + 1)
    if "x5c" in h:
        yield "no intermediate", ".".join([pack(json.dumps({**h, "x5c": h["x5c"][::2]}).encode()), claims, signature])
        yield "leaf alone twice", ".".join([pack(json.dumps({**h, "x5c": h["x5c"][:1] * 2}).encode()), claims, signature])


def ask(program, folder, token, at):
    """What the program says of form, key, chain, signature, issuer and times."""
    wanted = ("token", "token.key", "token.root", "token.chain", "token.signature", "token.claims", "token.issuer",
              "token.expiry", "token.not_before")
    with tempfile.NamedTemporaryFile("w", suffix=".jwt", newline="") as f:
        f.write(token)
        f.flush()
        run = subprocess.run([program, "evidence", f.name, "--type", "cs-token", "--jwks", str(folder / "oidc/jwks.json"),
                              "--at", str(at), "--json"], capture_output=True, text=True)
    checks = json.loads(run.stdout or sys.exit(run.stderr))["checks"]
    bad = [c for c in checks if c["id"] in wanted and c["status"] == "FAIL"]
    return f"{bad[0]['id']} {bad[0]['code']}" if bad else None


def main():
    global ROOT
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--verify")
    args.add_argument("folder", type=pathlib.Path)
    args = args.parse_args()
    ROOT = x509.load_pem_x509_certificate((args.folder / "pki/confidential_space_root.pem").read_bytes())
    keys = jwk.JWKSet.from_json((args.folder / "oidc/jwks.json").read_text())
    n = held = differ = worse = 0
    for path in sorted(args.folder.glob("*/*.jwt")):
        token = path.read_text()
        try:
            at = json.loads(part(token.split(".")[1])).get("iat", 1764708700)
            family = [("as it is", token), *(edits(token) if "malformed" not in path.parts else [])]
        except ValueError:
            at, family = 1764708700, [("as it is", token)]
        for name, text in family:
            why = judge(text, keys, at)
            ours = ask(args.verify, args.folder, text, at) if args.verify else why
            n, held = n + 1, held + (why is None)
            differ += (why is None) != (ours is None)
            worse += why is not None and ours is None
            mark = "" if (why is None) == (ours is None) else "   DIFFERENT"
            print(f"{path.parent.name}/{path.name}, {name}: {why or 'holds'}; program: {ours or 'holds'}{mark}")
    print(f"{n} tokens, {held} hold by jwcrypto and cryptography, {differ} judged differently, {worse} of them held by the program alone")
    sys.exit(1 if worse else 0)


main()

"""A small Sigstore instance: an identity provider, a certificate authority and a log, on loopback.

It speaks what the clients of Fulcio (api/v2) and Rekor (api/v1) ask for. Its certificates and log
entries are whole: the library and cosign verify them against its trust config.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

IDENTITY, ISSUER = "gates@example.org", "https://issuer.example.org"
OIDC_ISSUER, SCT_LIST = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.11129.2.4.2"
ORIGIN = "log.example.org - 1"
SHA256 = ec.ECDSA(hashes.SHA256())
MINUTES = timedelta(minutes=10)


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class LogKey:
    """A key of a log, with the id that its clients know it by."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.der = self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        self.id = hashlib.sha256(self.der).digest()

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data, SHA256)


class Authority:
    """Certifies an identity for ten minutes, with the proof of a certificate log in it."""

    def __init__(self, log: LogKey) -> None:
        self.log, self.key = log, LogKey()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority.example.org")])
        now = datetime.now(UTC)
        public = self.key.private.public_key()
        usage = {name: name in ("key_cert_sign", "crl_sign") for name in USAGES}
        self.root = (
            x509.CertificateBuilder(name, name, public, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(True, 0), True)
            .add_extension(x509.KeyUsage(**usage), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .sign(self.key.private, hashes.SHA256())
        )

    def certify(self, public: Any, identity: str, issuer: str) -> x509.Certificate:
        builder = self._build(public, identity, issuer)
        bare = builder.sign(self.key.private, hashes.SHA256()).tbs_certificate_bytes
        proof = x509.UnrecognizedExtension(x509.ObjectIdentifier(SCT_LIST), self._prove(bare))
        return builder.add_extension(proof, False).sign(self.key.private, hashes.SHA256())

    def _build(self, public: Any, identity: str, issuer: str) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        usage = {name: name == "digital_signature" for name in USAGES}
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            self.key.private.public_key()
        )
        known = x509.UnrecognizedExtension(x509.ObjectIdentifier(OIDC_ISSUER), issuer.encode())
        return (
            x509.CertificateBuilder(
                self.root.subject, x509.Name([]), public, x509.random_serial_number()
            )
            .not_valid_before(now - timedelta(seconds=5))
            .not_valid_after(now + MINUTES)
            .add_extension(x509.KeyUsage(**usage), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
            .add_extension(authority, False)
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(identity)]), True)
            .add_extension(known, False)
        )

    def _prove(self, bare: bytes) -> bytes:
        """Return the list of one signed certificate timestamp (RFC 6962, 3.2 and 3.3)."""
        now = int(time.time() * 1000)
        entry = self.key.id + struct.pack("!I", len(bare))[1:] + bare
        signature = self.log.sign(struct.pack("!BBQH", 0, 0, now, 1) + entry + b"\0\0")
        head = b"\0" + self.log.id + struct.pack("!QHBBH", now, 0, 4, 3, len(signature))
        stamp = head + signature
        stamps = struct.pack("!HH", len(stamp) + 2, len(stamp)) + stamp
        return b"\x04" + bytes([len(stamps)]) + stamps  # an OCTET STRING of less than 128 bytes


USAGES = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
]


class Log:
    """A transparency log in which each entry is a tree of its own."""

    def __init__(self) -> None:
        self.key = LogKey()

    def add(self, proposed: dict[str, Any]) -> dict[str, Any]:
        """Return the log's answer for an envelope (kind `dsse` 0.0.1)."""
        body = to_base64(self._describe(proposed["spec"]["proposedContent"]))
        leaf = hashlib.sha256(b"\0" + base64.b64decode(body)).digest()
        entry = {
            "body": body,
            "integratedTime": int(time.time()),
            "logID": self.key.id.hex(),
            "logIndex": 0,
        }
        promise = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        proof = {"logIndex": 0, "treeSize": 1, "rootHash": leaf.hex(), "hashes": []}
        verification = {
            "signedEntryTimestamp": to_base64(self.key.sign(promise)),
            "inclusionProof": {**proof, "checkpoint": self._write_checkpoint(leaf)},
        }
        return {leaf.hex(): {**entry, "verification": verification}}

    @staticmethod
    def _describe(content: dict[str, Any]) -> bytes:
        envelope = json.loads(content["envelope"])
        payload = base64.b64decode(envelope["payload"])
        signatures = [
            {"signature": each["sig"], "verifier": content["verifiers"][0]}
            for each in envelope["signatures"]
        ]
        spec = {
            "envelopeHash": _name_hash(content["envelope"].encode()),
            "payloadHash": _name_hash(payload),
            "signatures": signatures,
        }
        entry = {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}
        return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()

    def _write_checkpoint(self, root: bytes) -> str:
        note = f"{ORIGIN}\n1\n{to_base64(root)}\n"
        signature = to_base64(self.key.id[:4] + self.key.sign(note.encode()))
        return f"{note}\n— {ORIGIN.split()[0]} {signature}\n"


def _name_hash(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


class SigstoreInstance:
    """The instance. `log_answers` is the status of its log: 503 is a log that is down."""

    def __init__(self, url: str) -> None:
        self.url, self.log_answers = url, 201
        self.log, certificates = Log(), LogKey()
        self.authority = Authority(certificates)
        self.provider = ec.generate_private_key(ec.SECP256R1())

    def issue_token(self, identity: str = IDENTITY, seconds: int = 600) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": identity, "aud": "sigstore", "iat": now - 1200}
        return jwt.encode({**claims, "exp": now + seconds}, self.provider, "ES256")

    def answer(self, path: str, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path != "/api/v2/signingCert":
            return self.log_answers, self.log.add(body) if self.log_answers == 201 else {}
        try:
            claims = jwt.decode(token, self.provider.public_key(), ["ES256"], audience="sigstore")
        except jwt.InvalidTokenError:
            return 401, {"message": "the token is not valid"}
        request = x509.load_pem_x509_csr(base64.b64decode(body["certificateSigningRequest"]))
        leaf = self.authority.certify(request.public_key(), claims["sub"], claims["iss"])
        chain = [each.public_bytes(Encoding.PEM).decode() for each in (leaf, self.authority.root)]
        return 200, {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}

    def describe_trust(self) -> str:
        """Return the client trust config (sigstore_trustroot.proto)."""
        media = "application/vnd.dev.sigstore."
        config = {
            "mediaType": f"{media}clienttrustconfig.v0.1+json",
            "trustedRoot": self.describe_trusted_root(),
            "signingConfig": {
                "mediaType": f"{media}signingconfig.v0.2+json",
                "caUrls": [self._describe_service()],
                "rekorTlogUrls": [self._describe_service()],
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaConfig": {"selector": "ANY"},
            },
        }
        return json.dumps(config)

    def describe_trusted_root(self) -> dict[str, Any]:
        root = to_base64(self.authority.root.public_bytes(Encoding.DER))
        authority = {
            "subject": {"organization": "example.org", "commonName": "authority.example.org"},
            "uri": self.url,
            "certChain": {"certificates": [{"rawBytes": root}]},
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._describe_log(self.log.key)],
            "certificateAuthorities": [authority],
            "ctlogs": [self._describe_log(self.authority.log)],
        }

    def _describe_log(self, key: LogKey) -> dict[str, Any]:
        public = {
            "rawBytes": to_base64(key.der),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        }
        return {
            "baseUrl": self.url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": public,
            "logId": {"keyId": to_base64(key.id)},
        }

    def _describe_service(self) -> dict[str, Any]:
        since = {"start": "2020-01-01T00:00:00Z"}
        return {"url": self.url, "majorApiVersion": 1, "validFor": since, "operator": "example.org"}


@contextmanager
def run_sigstore() -> Iterator[SigstoreInstance]:
    """Serve an instance on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, answer = instance.answer(self.path, token, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    instance = SigstoreInstance(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield instance
    finally:
        server.shutdown()
        server.server_close()

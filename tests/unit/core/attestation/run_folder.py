"""A small run's folder, closed and signed as a gate closes it, for the tests of attestation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cutover_gates.core.attestation.signing_keys import (
    EvidenceSigner,
    VerifyingKey,
    load_signer,
    load_verifying_key,
)
from cutover_gates.plugin.attestation import close_folder
from cutover_gates.plugin.signing import Signer

KINDS = ("ed25519", "ecdsa", "rsa")


class KeyPair:
    """A private key of a kind with its public part, both also in PEM."""

    def __init__(self, kind: str = "ed25519") -> None:
        private = _generate(kind)
        self.private_pem = private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()
        self.public_pem = private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def signer(self) -> EvidenceSigner:
        return load_signer(self.private_pem, None, "the key")

    @property
    def verifier(self) -> VerifyingKey:
        return load_verifying_key(self.public_pem, "the key")


def _generate(kind: str) -> Any:
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    if kind == "ecdsa":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def verdict_document(**changes: Any) -> dict[str, Any]:
    """Return what a statement reads of `verdict.json`."""
    items = [
        {"id": "sign-in", "outcome": "passed"},
        {"id": "on-call", "outcome": "attested"},
        {"id": "redis", "outcome": "waived"},
    ]
    subject: dict[str, Any] = {
        "settings": "5" * 64,
        "suite_version": "1.0",
        "suite_commit": "c" * 40,
        "images": [],
        "document": None,
    }
    return {
        "schema": "urn:cutover:verdict:3",
        "gate": "phase3",
        "target": "staging",
        "release": "2.0.0",
        "verdict": "GO WITH WAIVERS",
        "started": "2026-11-23T02:00:00.000Z",
        "finished": "2026-11-23T02:10:00.000Z",
        "counts": {"passed": 1},
        "items": items,
        "subject": subject,
        **changes,
    }


def write_run(folder: Path, signer: Signer | None, **changes: Any) -> Path:
    """Write a run's folder and close it."""
    (folder / "traces").mkdir(parents=True)
    (folder / "verdict.json").write_text(json.dumps(verdict_document(**changes)))
    (folder / "status.md").write_text("GO WITH WAIVERS")
    (folder / "traces" / "ledger.jsonl").write_text("{}\n")
    close_folder(folder, signer)
    return folder

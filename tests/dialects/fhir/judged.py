"""Start the FHIR hospital, and judge it as its team would, with each way of signing in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.dialects import running
from tests.faults import gate_runs
from tests.faults.results import Verdict

SIGN_INS = ("client-credentials", "smart-backend", "basic")
BASIC = (
    'sign_out = "HTTP Basic knows no session that could be ended"\nexpired-token = "HTTP Basic'
    ' knows no tokens"'
)


@contextmanager
def hospital(
    fault: str | None = None, auth: str = "client-credentials"
) -> Iterator[tuple[running.OpenHospital, dict[str, str]]]:
    """Start the hospital for the block, and yield the environment of the gate."""
    key = secrets.token_hex(32)
    keys, public = _pairs() if auth == "smart-backend" else ({}, {})
    with running.hospital("fhir", fault, key=key, public_keys=public) as opened:
        here = running.OpenHospital("fhir", f"{opened.url}/fhir", {**opened.passwords, **keys})
        yield (
            here,
            {
                **running.gate_environment(here),
                "CUTOVER_TARGETS__TRIED__EXPIRED_TOKEN": _expired(key),
                "CUTOVER_TARGETS__TRIED__FHIR__AUTH": auth,
            },
        )


def verdict(
    fault: str | None,
    folder: Path,
    compiled: Path,
    *files: str,
    auth: str = "client-credentials",
) -> Verdict:
    """Return the verdict on it. Raises `gates.NoVerdict`."""
    with hospital(fault, auth) as (opened, told):
        config = running.settings(opened, folder, *([BASIC] if auth == "basic" else []))
        if auth == "basic":
            told.pop("CUTOVER_TARGETS__TRIED__EXPIRED_TOKEN")
        return gate_runs.run_gate(
            running.GATE, config, told, compiled, *gate_runs.PLAIN, *files, seconds=90
        )


def _pairs() -> tuple[dict[str, str], dict[str, str]]:
    """Return a private key for each role, and the public keys that the hospital has."""
    made: dict[str, Any] = {role: generate_private_key(SECP384R1()) for role in running.ROLES}
    private = {
        role: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
        for role, key in made.items()
    }
    public = {
        role: (
            key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        )
        for role, key in made.items()
    }
    return private, public


def _expired(key: str) -> str:
    """Return a clinician's token that expired a minute ago."""
    now = int(time.time())
    return jwt.encode(
        {"sub": "clinician", "iat": now - 660, "exp": now - 60, "jti": secrets.token_hex(16)},
        key,
        "HS256",
    )

"""Whose signature an envelope has: that of a key, or that of an identity of Sigstore."""

from __future__ import annotations

from pathlib import Path

from cutover_gates.core.attestation.envelope import MAX_ENVELOPE_BYTES, SignedPayload
from cutover_gates.core.attestation.keyless import KeylessVerifier
from cutover_gates.core.attestation.signing_keys import VerifyingKey

Verifier = VerifyingKey | KeylessVerifier
PREHASHED = (
    "; if cosign made it with an Ed25519 key, it is of the variant Ed25519ph, which is not verified"
    " here: verify it with cosign verify-blob-attestation, or sign with an ECDSA key"
)
"""cosign signs the digest with an Ed25519 key. `cryptography` has no such signature."""


def check_signature(
    envelope: SignedPayload, key: Verifier | None, bundle: Path, problems: list[str]
) -> str:
    """Return the id of the key that verified the signature; empty with a problem otherwise.

    An identity is verified by the certificate and the log entry in the bundle.
    """
    if not envelope.is_signed:
        problem = (
            "the statement is not signed: anyone who can write to the folder may have written it"
        )
    elif key is None:
        problem = (
            "the statement is signed, and no key was given to verify it: add --key, or --identity"
            " and --issuer"
        )
    elif isinstance(key, KeylessVerifier):
        problem = _find_problem_of_identity(envelope, key, bundle)
    else:
        problem = _find_problem_of_key(envelope, key)
    if not problem and key is not None:
        return key.key_id
    problems.append(problem)
    return ""


def _find_problem_of_key(envelope: SignedPayload, key: VerifyingKey) -> str:
    if envelope.is_signed_by(key):
        return ""
    return f"the signature is not one of the key {key.key_id[:16]}…" + PREHASHED * key.is_ed25519


def _find_problem_of_identity(
    envelope: SignedPayload, verifier: KeylessVerifier, bundle: Path
) -> str:
    """Return what is wrong with the bundle; that it holds this envelope is compared besides."""
    try:
        # Its size was looked at when it was compared with the envelope.
        data = bundle.read_bytes() if bundle.stat().st_size <= MAX_ENVELOPE_BYTES else b""
    except OSError:
        return f"{bundle.name}, which shows who signed, cannot be read"
    return verifier.find_problem(data, envelope)

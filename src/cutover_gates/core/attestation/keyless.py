"""Signatures without a key of one's own: a Sigstore instance vouches for an identity.

An identity provider says who signs, Fulcio certifies that for ten minutes, and the log of Rekor
shows that the signature was made within them. The library `sigstore` verifies all three; it is the
extra `sigstore`. Source: https://docs.sigstore.dev/about/security/.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cutover_gates.core.attestation.envelope import SignedPayload, parse_json_object
from cutover_gates.core.attestation.sums import AttestationError, show_name

KEYLESS_PREFIX = "sigstore: "
"""Begins the name of a signer that is an identity and no key."""
MAX_TRUST_BYTES = 4 * 2**20
MAX_REASON = 200
"""Characters of what the library says that are shown."""


@dataclass(frozen=True)
class KeylessIdentity:
    """Who signs, as in the certificate: the identity, and the provider that knows it."""

    identity: str
    issuer: str

    def __str__(self) -> str:
        return f"{self.identity} ({self.issuer})"


class KeylessVerifier:
    """Verifies the bundles of one identity against one trust root."""

    def __init__(self, who: KeylessIdentity, trusted_root: Any) -> None:
        """Raise `AttestationError` where the trust root lacks a key."""
        self.who, self.key_id = who, f"{KEYLESS_PREFIX}{who}"
        try:
            self._verifier = load_sigstore("verify").Verifier(trusted_root=trusted_root)
        except load_sigstore("errors").Error as error:
            raise AttestationError(
                f"the Sigstore trust root is not whole ({describe_error(error)})"
            ) from None

    def find_problem(self, bundle: bytes, envelope: SignedPayload) -> str:
        """Return why the bundle is not this identity's signature of it; empty if it is."""
        policy = load_sigstore("verify.policy").Identity(
            identity=self.who.identity, issuer=self.who.issuer
        )
        try:
            parsed = load_sigstore("models").Bundle.from_json(bundle)
            kind, payload = self._verifier.verify_dsse(parsed, policy)
        # A forged bundle breaks the library in many ways, and each of them means: not verified.
        except Exception as error:
            return f"the signature is not one of {self.who}: {describe_error(error)}"
        if (kind, payload) != (envelope.payload_type, envelope.payload):
            return f"{self.who} signed another statement"
        return ""


def load_sigstore(module: str) -> Any:
    """Return a module of the library. Raises `AttestationError` where it is not installed.

    It is imported where it is used: it takes 0.2 s, and a gate with a key needs none of it.
    """
    try:
        return import_module(f"sigstore.{module}")
    except ImportError:
        raise AttestationError(
            "sigstore signs and verifies with a library that is not installed: run pip install"
            " 'cutover-gates[sigstore]'"
        ) from None


def load_keyless_verifier(who: KeylessIdentity, trust: Path | None) -> KeylessVerifier:
    """Return what verifies the signatures of an identity. Raises `AttestationError`.

    `trust` is a file with a client trust config or a trusted root. Without one, that of the public
    instance is fetched.
    """
    return KeylessVerifier(who, load_trusted_root(trust))


def load_trusted_root(path: Path | None) -> Any:
    """Return the trusted root in a file, or that of the public instance."""
    if path is None:
        return load_trust_config(None).trusted_root
    text = _read_trust(path)
    kind = str(parse_json_object(text, str(path)).get("mediaType"))
    if "trustedroot" not in kind:
        return load_trust_config(path).trusted_root
    return _parse_trust(path, lambda: load_sigstore("models").TrustedRoot.from_file(str(path)))


def load_trust_config(path: Path | None) -> Any:
    """Return a client trust config: where to sign, and whom to trust. Raises `AttestationError`."""
    models = load_sigstore("models")
    if path is not None:
        text = _read_trust(path).decode("utf-8", "replace")
        return _parse_trust(path, lambda: models.ClientTrustConfig.from_json(text))
    try:
        return models.ClientTrustConfig.production()
    # Its causes are many (no network, a stale clock, a full disk), and one thing helps.
    except Exception as error:
        raise AttestationError(
            "the trust root of the public Sigstore instance cannot be fetched"
            f" ({describe_error(error)}): go online, or give a file with the trust config"
        ) from None


def describe_error(error: Exception) -> str:
    """Return what the library says, as one short line."""
    lines = str(error).strip().splitlines()
    return show_name(lines[0][:MAX_REASON]) if lines else type(error).__name__


def _read_trust(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size <= MAX_TRUST_BYTES:
            return path.read_bytes()
    except OSError as error:
        raise AttestationError(f"{path} cannot be read ({error.strerror})") from None
    raise AttestationError(f"{path} is not a file with a Sigstore trust config")


def _parse_trust(path: Path, parse: Any) -> Any:
    try:
        return parse()
    # pydantic's and the library's own: a file of another kind has both.
    except Exception as error:
        raise AttestationError(
            f"{path} is not a Sigstore trust config ({describe_error(error)})"
        ) from None

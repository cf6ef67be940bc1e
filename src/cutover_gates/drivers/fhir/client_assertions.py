"""The signed assertions by which a client of SMART backend services shows who it is (RS384 with an
RSA key, ES384 with a P-384 key).
"""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LIFETIME = 240
"""Seconds. SMART allows five minutes."""
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----\n[A-Za-z0-9+/=\n]+-----END \1-----")


@dataclass(frozen=True)
class SigningKey:
    """A private key that can sign, the algorithm that goes with it, and its name."""

    key: Any
    algorithm: str
    key_id: str

    def assertion(self, client_id: str, audience: str) -> str:
        """A JWT that says: I am `client_id`, and speak to `audience` (the token endpoint).

        Good once, for four minutes.
        """
        import jwt

        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "exp": int(time.time()) + LIFETIME,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims, self.key, self.algorithm, {"kid": self.key_id})


def signing_key(secret: str, key_id: str | None) -> SigningKey:
    """The key that `secret` is.

    What is no key (a password that is tried) becomes one that nobody knows: the server says whether
    that is let in.
    """
    try:
        return (
            _key_from_jwk(secret, key_id)
            if secret.lstrip().startswith("{")
            else _key_from_pem(secret.strip(), key_id)
        )
    except ValueError:
        return _unregistered_key()


def is_key(secret: str) -> bool:
    """Whether `secret` is a private key that SMART backend services can use."""
    return signing_key(secret, None) is not _unregistered_key()


def _key_from_pem(text: str, key_id: str | None) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not _PEM.fullmatch(text):
        raise ValueError("no private key in PEM")
    try:
        return _with_key_id(load_pem_private_key(text.encode(), None), key_id)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error


def _key_from_jwk(text: str, key_id: str | None) -> SigningKey:
    import jwt

    table = json.loads(text)
    try:
        return _with_key_id(
            jwt.PyJWK(table, "ES384" if table.get("kty") == "EC" else "RS384").key,
            key_id or table.get("kid"),
        )
    except (jwt.PyJWTError, AttributeError, TypeError) as error:
        raise ValueError(f"no private key as JWK: {error}") from error


def _with_key_id(key: Any, key_id: str | None) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(key, RSAPrivateKey):
        return SigningKey(key, "RS384", key_id or thumbprint(key.public_key()))
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name == "secp384r1":
        return SigningKey(key, "ES384", key_id or thumbprint(key.public_key()))
    raise ValueError("a key of another kind")


def thumbprint(public_key: Any) -> str:
    """The name of a key that follows from itself (RFC 7638)."""
    import base64
    import hashlib

    from jwt.algorithms import ECAlgorithm, RSAAlgorithm

    maker = RSAAlgorithm if hasattr(public_key.public_numbers(), "n") else ECAlgorithm
    table = maker.to_jwk(public_key, as_dict=True)
    members = {name: table[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in table}
    digest = hashlib.sha256(
        json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    ).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=1)
def _unregistered_key() -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key

    return _with_key_id(generate_private_key(SECP384R1()), "nobody")

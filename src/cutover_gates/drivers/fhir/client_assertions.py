"""The signed assertions of SMART backend services: RS384 with an RSA key, ES384 with a P-384 key.

Libraries are imported inside the functions: PyJWT and cryptography belong to the extra `fhir`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LIFETIME = 240
"""Seconds for which an assertion is valid. SMART allows five minutes."""
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----\n[A-Za-z0-9+/=\n]+-----END \1-----")


@dataclass(frozen=True)
class SigningKey:
    """A private key that can sign, its algorithm, and its name."""

    key: Any
    algorithm: str
    key_id: str

    def assertion(self, client_id: str, audience: str) -> str:
        """Return a JWT that identifies `client_id` to `audience` (the token endpoint).

        It is valid once, for `LIFETIME` seconds.
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
    """Return the key that `secret` holds, as PEM or as JWK.

    A secret that is not a key (a wrong password of a check) gives a key that nobody registered: the
    server then says whether it accepts it.
    """
    is_jwk = secret.lstrip().startswith("{")
    try:
        return _key_from_jwk(secret, key_id) if is_jwk else _key_from_pem(secret.strip(), key_id)
    except ValueError:
        return _unregistered_key()


def is_key(secret: str) -> bool:
    """Return whether `secret` is a private key that SMART backend services can use."""
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
        algorithm = "ES384" if table.get("kty") == "EC" else "RS384"
        return _with_key_id(jwt.PyJWK(table, algorithm).key, key_id or table.get("kid"))
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
    """Return the name of a key that is computed from the key itself (RFC 7638)."""
    from jwt.algorithms import ECAlgorithm, RSAAlgorithm

    algorithm = RSAAlgorithm if hasattr(public_key.public_numbers(), "n") else ECAlgorithm
    table = algorithm.to_jwk(public_key, as_dict=True)
    members = {name: table[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in table}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=1)
def _unregistered_key() -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key

    return _with_key_id(generate_private_key(SECP384R1()), "nobody")

"""Sign-in: registered clients, tokens by client credentials or a signed assertion, and scopes."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import jwt

FAILURES = 5
LIFETIME = 600
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Registered:
    """A client: its secret or its public key, its scopes, and its facility.

    Scopes are written as in SMART v2.
    """

    client_id: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...]
    facility: str = "north"
    public_key: Any = field(default=None, repr=False)

    def may(self, kind: str, act: str) -> bool:
        """Return whether the client may do `act`: c, r, u, d or s."""
        return any(
            act in letters for name, _, letters in map(_parted, self.scopes) if name in (kind, "*")
        )


STAFF: dict[str, tuple[tuple[str, ...], str]] = {
    "registrar": (("system/Patient.crus", "system/Encounter.crs"), "north"),
    "clinician": (
        (
            "system/Patient.rs",
            "system/Encounter.crus",
            "system/DocumentReference.crs",
            "system/Binary.cr",
        ),
        "north",
    ),
    "auditor": (("system/AuditEvent.rs",), "north"),
    "administrator": (("system/*.cruds",), "north"),
    "outsider": (
        (
            "system/Patient.rs",
            "system/Encounter.crus",
            "system/DocumentReference.crs",
            "system/Binary.cr",
        ),
        "south",
    ),
}


class OAuthNo(Exception):
    """A token is not issued. `error` is of RFC 6749."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class Doors:
    """The token endpoint, and the holders of tokens."""

    def __init__(self, clients: dict[str, Registered], key: str) -> None:
        self.clients, self._key = clients, key
        self._lock = threading.Lock()
        self._failed: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._assertions: set[str] = set()

    def token(
        self, form: dict[str, str], authorization: str | None, audience: str
    ) -> dict[str, Any]:
        client = self.client(form, authorization, audience)
        if form.get("grant_type") != "client_credentials":
            raise OAuthNo(400, "unsupported_grant_type")
        return {
            "access_token": self.issue(client, LIFETIME),
            "token_type": "bearer",
            "expires_in": LIFETIME,
            "scope": " ".join(client.scopes),
        }

    def end(self, form: dict[str, str], authorization: str | None, audience: str) -> None:
        self.client(form, authorization, audience)
        with self._lock:
            self._ended.add(self._claims(form.get("token", "")).get("jti", ""))

    def issue(self, client: Registered, lifetime: int) -> str:
        now = int(time.time())
        claims = {
            "sub": client.client_id,
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(claims, self._key, "HS256")

    def bearer(self, authorization: str | None) -> Registered | None:
        """Return the holder of a token; None without a token, and for one that is not valid."""
        scheme, _, shown = (authorization or "").partition(" ")
        if scheme.lower() == "basic":
            name, secret = _pair(shown)
            return self._let_in(name, self._knows(name, secret)) if name else None
        if scheme.lower() != "bearer":
            return None
        claims = self._claims(shown)
        with self._lock:
            ended = claims.get("jti", "") in self._ended
        return None if ended else self.clients.get(claims.get("sub", ""))

    def client(self, form: dict[str, str], authorization: str | None, audience: str) -> Registered:
        """Return the client that requests a token. After too many failures it must wait."""
        client = self._let_in(*self._shown(form, authorization, audience))
        if client is None:
            raise OAuthNo(401, "invalid_client")
        return client

    def _let_in(self, name: str, good: bool) -> Registered | None:
        with self._lock:
            if self._failed[name] >= FAILURES:
                raise OAuthNo(429, "slow_down")
            self._failed[name] = 0 if good else self._failed[name] + 1
        return self.clients[name] if good else None

    def _shown(
        self, form: dict[str, str], authorization: str | None, audience: str
    ) -> tuple[str, bool]:
        if form.get("client_assertion_type") == BEARER:
            return self._asserted(form.get("client_assertion", ""), audience)
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization:
            name, secret = map(unquote_plus, _pair(authorization.partition(" ")[2]))
        return name, self._knows(name, secret)

    def _knows(self, name: str, secret: str) -> bool:
        client = self.clients.get(name)
        return (
            client is not None
            and client.public_key is None
            and secrets.compare_digest(client.secret.encode(), secret.encode())
        )

    def _asserted(self, assertion: str, audience: str) -> tuple[str, bool]:
        """Validate a client's JWT: signed by it, issued for us, at most five minutes, used once."""
        try:
            name = str(jwt.decode(assertion, options={"verify_signature": False}).get("sub"))
        except jwt.PyJWTError:
            return "", False
        client = self.clients.get(name)
        if client is None or client.public_key is None:
            return name, False
        try:
            claims = jwt.decode(
                assertion,
                client.public_key,
                ["RS384", "ES384"],
                audience=audience,
                issuer=name,
                options={"require": ["exp", "jti", "iss", "sub", "aud"]},
            )
        except jwt.PyJWTError:
            return name, False
        with self._lock:
            fresh = claims["jti"] not in self._assertions
            self._assertions.add(claims["jti"])
        return name, fresh and claims["exp"] <= time.time() + 300

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, ["HS256"], options={"require": ["exp", "sub", "jti"]}
            )
        except jwt.PyJWTError:
            return {}
        return claims


def _pair(shown: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(shown, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


def _parted(scope: str) -> tuple[str, str, str]:
    name, dot, letters = scope.removeprefix("system/").partition(".")
    return name, dot, letters

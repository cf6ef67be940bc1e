"""Signing in at a registry, as its own challenge asks: with a bearer token or with Basic."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import urlsplit

import httpx

from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.util.http import (
    ERROR_TEXT_LIMIT,
    BoundedResponse,
    HttpRequest,
    SourceUnavailable,
    redact_url,
)

_PARAMETER = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


@dataclass(frozen=True)
class RegistryAuthorization:
    """The account for a registry at `url`. The redactor learns the password and every token."""

    url: str
    username: str | None
    password: str | None = field(repr=False)
    redactor: Redactor = field(repr=False)

    def authorize(self, challenge: str, send: Callable[[HttpRequest], BoundedResponse]) -> str:
        """Return the value of the Authorization header that the challenge asks for.

        Raises `SourceUnavailable` where it asks for something unknown or unsafe.
        """
        scheme = challenge.partition(" ")[0].lower()
        given = dict(_PARAMETER.findall(challenge))
        if scheme == "basic":
            if self.username is None:
                self._fail("asks for a password: give username and password")
            return self._basic()
        if scheme != "bearer" or not self._is_safe_realm(given.get("realm", "")):
            shown = self.redactor.redact_text(challenge)[:ERROR_TEXT_LIMIT]
            self._fail(f"asks to sign in in a way that is not known or not safe ({shown})")
        return f"Bearer {self._request_token(given, send)}"

    def _is_safe_realm(self, realm: str) -> bool:
        """Return whether the password may be sent there: by https, or as the registry itself."""
        # A registry without TLS is allowed in the settings only where nobody signs in.
        return urlsplit(realm).scheme in ("https", urlsplit(self.url).scheme)

    def _request_token(
        self, given: dict[str, str], send: Callable[[HttpRequest], BoundedResponse]
    ) -> str:
        realm = given["realm"]
        wanted = {key: value for key, value in given.items() if key in ("service", "scope")}
        headers = {"Accept": "application/json"}
        # Without an account the token is that of an anonymous pull.
        if self.username is not None:
            headers["Authorization"] = self._basic()
        answer = send(HttpRequest(str(httpx.URL(realm).copy_merge_params(wanted)), headers=headers))
        if answer.status != 200:
            raise SourceUnavailable(f"gave no token: {describe_status(answer)}", redact_url(realm))
        token = _parse_token(answer)
        if not token:
            raise SourceUnavailable("gave an answer without a token", redact_url(realm))
        self.redactor.learn("registry token", token)
        return token

    def _basic(self) -> str:
        account = f"{self.username}:{self.password or ''}"
        return f"Basic {base64.b64encode(account.encode()).decode()}"

    def _fail(self, reason: str) -> NoReturn:
        raise SourceUnavailable(reason, redact_url(self.url))


def _parse_token(answer: BoundedResponse) -> str:
    """Return the token, which registries call `token` or, as OAuth 2, `access_token`."""
    try:
        content = parse_json(answer.body)
        return str(content.get("token") or content["access_token"])
    except (AttributeError, KeyError, ValueError):
        return ""


def describe_status(answer: BoundedResponse) -> str:
    """Return the status, with a question for the person who reads it."""
    hint = ""
    if answer.status in (401, 403):
        hint = ": are username and password right, and may they pull?"
    return f"status {answer.status}{hint}"

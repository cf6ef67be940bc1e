"""JSON services, tokens in files and own certificate authorities, for the bounded HTTP client."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx

from cutover_gates.core.bounded_json import UnusableJson, parse_json
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.tables import SettingsError
from cutover_gates.util.http import ERROR_TEXT_LIMIT, BoundedResponse, SourceUnavailable, redact_url
from cutover_gates.util.http_client import BoundedHttpClient

SERVICE_TIMEOUT_SECONDS = 5.0
"""Seconds for one answer of a service."""
_TOKEN = re.compile(r"[\x21-\x7e]+")


def read_token(path: Path, name: str, redactor: Redactor, called: str | None = None) -> str:
    """Return the token in a file, and let the redactor mask it as `name`.

    `called` names the file in an error where its path may not be shown. An error never quotes the
    content, as the client's own error would.

    Raises:
        SourceUnavailable: the file cannot be read or holds no token.
    """
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SourceUnavailable(
            f"the token in {called or path} cannot be read: {type(error).__name__}"
        ) from None
    # Before it is checked: a broken token is a secret, too.
    redactor.learn(name, token)
    # httpx would quote the content in its own error.
    if not _TOKEN.fullmatch(token):
        raise SourceUnavailable(f"{called or path} holds no token")
    return token


class TokenFileAuth(httpx.Auth):
    """Authorization by a token in a file, read for each request since it may be renewed.

    `name` is what the token is masked as; by default it names the host.
    """

    def __init__(
        self,
        path: Path,
        redactor: Redactor,
        *,
        name: str = "",
        scheme: str = "Bearer",
        called: str | None = None,
    ) -> None:
        self._path, self._redactor, self._name = path, redactor, name
        self._scheme, self._called = scheme, called

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header (called by httpx)."""
        name = self._name or f"token of {request.url.host}"
        token = read_token(self._path, name, self._redactor, self._called)
        request.headers["Authorization"] = f"{self._scheme} {token}"
        yield request


def create_tls_context(ca_file: str | Path | None, key: str = "ca_file") -> ssl.SSLContext | None:
    """Return a context that trusts the authorities in `ca_file` alone; None where none is given.

    Raises:
        SettingsError: the file cannot be used; the message names the setting `key`.
    """
    try:
        return ssl.create_default_context(cafile=ca_file) if ca_file else None
    except OSError as error:  # ssl raises it also for a file without a certificate
        raise SettingsError(
            f"{key} = {str(ca_file)!r} cannot be used: {error.strerror or type(error).__name__}"
        ) from None


class UnexpectedStatus(SourceUnavailable):
    """The service answered with an HTTP status other than 200."""

    def __init__(self, reason: str, status: int, url: str = "") -> None:
        super().__init__(reason, url)
        self.status = status


class JsonService:
    """A service that answers in JSON, such as Prometheus or Grafana.

    Queries may run at the same time: each has a connection and a time bound of its own.

    Raises:
        SettingsError: `ca_file` cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        token_file: Path | None = None,
        scheme: str = "Bearer",
        ca_file: Path | None = None,
        redactor: Redactor | None = None,
        seconds: float = SERVICE_TIMEOUT_SECONDS,
    ) -> None:
        self.url, self._seconds, self._redactor = url.rstrip("/"), seconds, redactor or Redactor()
        self._auth: httpx.Auth | None = None
        if token_file:
            self._auth = TokenFileAuth(
                token_file, self._redactor, scheme=scheme, called="token_file"
            )
        self._tls = create_tls_context(ca_file)

    def get(self, path: str, **parameters: str) -> Any:
        """Return the decoded answer.

        Raises:
            SourceUnavailable: no complete answer, or not JSON.
            UnexpectedStatus: any status other than 200.
        """
        answer = self._create_client().get(self.url + path, parameters, accept="application/json")
        return self._decode(path, answer)

    def post(self, path: str, body: Any) -> Any:
        """Return the decoded answer to a query that is too long for a URL. Raises as `get` does."""
        answer = self._create_client().post(self.url + path, json.dumps(body).encode())
        return self._decode(path, answer)

    def format_url(self, path: str = "") -> str:
        """Return the URL of a path, redacted."""
        return redact_url(self.url + path)

    def mask(self, text: object) -> str:
        """Return a text that the service sent, shortened and without secrets."""
        return self._redactor.redact_text(" ".join(str(text).split()))[:ERROR_TEXT_LIMIT]

    def _create_client(self) -> BoundedHttpClient:
        return BoundedHttpClient(
            self._seconds, tls=self._tls, auth=self._auth, redactor=self._redactor
        )

    def _decode(self, path: str, answer: BoundedResponse) -> Any:
        content, problem = None, "null"
        try:
            content = parse_json(answer.body)
        except UnusableJson as error:
            problem = self.mask(error)
        if answer.status != 200:
            reason = self.mask(_find_error_text(content) or "no reason")
            raise UnexpectedStatus(
                f"answered {answer.status}: {reason}", answer.status, self.format_url(path)
            )
        # `null` is no answer of such a service, either.
        if content is None:
            reason = f"answered 200, and not in usable JSON: {problem}"
            raise SourceUnavailable(reason, self.format_url(path))
        return content


def _find_error_text(content: Any) -> Any:
    """Return the reason as Grafana (`message`) or Prometheus (`error`) writes it."""
    if not isinstance(content, dict):
        return None
    return content.get("message") or content.get("error")

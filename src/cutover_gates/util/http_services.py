"""How a client shows itself to what watches a target, and whom it trusts: a token in a file, and an
authority of one's own.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.util.http import ERROR_TEXT_LIMIT, BoundedHttpClient, BoundedResponse, redact_url
from cutover_gates.util.resource_sample import SourceUnavailable

_TOKEN = re.compile(r"[\x21-\x7e]+")


def read_token(path: Path, name: str, redactor: Redactor, called: str | None = None) -> str:
    """The token in a file, made known to what masks secrets as `name`.

    `called`: how the file may be told, where its path may not.

    Raises `TelemetrySilent` where there is none; never with the file's content, and a client would
    quote it in its complaint.
    """
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SourceUnavailable(
            f"the token in {called or path} cannot be read: {type(error).__name__}"
        ) from None
    redactor.learn(name, token)
    if not _TOKEN.fullmatch(token):
        raise SourceUnavailable(f"{called or path} holds no token")
    return token


class TokenFileAuth(httpx.Auth):
    """Reads the token anew for each request, for whoever gave it renews it."""

    def __init__(
        self,
        path: Path,
        redactor: Redactor,
        *,
        name: str = "",
        scheme: str = "Bearer",
        called: str | None = None,
    ) -> None:
        """`name`: what the token is masked as; by default after the host that it is shown to."""
        self._path, self._redactor, self._name, self._scheme, self._called = (
            path,
            redactor,
            name,
            scheme,
            called,
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = read_token(
            self._path, self._name or f"token of {request.url.host}", self._redactor, self._called
        )
        request.headers["Authorization"] = f"{self._scheme} {token}"
        yield request


def create_tls_context(ca_file: str | Path | None, key: str = "ca_file") -> ssl.SSLContext | None:
    """What trusts that authority alone; None where none is given.

    Raises `SettingsError`, which calls the setting `key`.
    """
    try:
        return ssl.create_default_context(cafile=ca_file) if ca_file else None
    except OSError as error:  # also what ssl raises for a file that holds no certificate
        raise SettingsError(
            f"{key} = {str(ca_file)!r} cannot be used: {error.strerror or type(error).__name__}"
        ) from None


SERVICE_TIMEOUT_SECONDS = 5.0
"""That one answer may take."""


class UnexpectedStatus(SourceUnavailable):
    """The service answered, and not with what was asked for. `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class JsonService:
    """Many questions may be asked of it at the same time: each has a connection and a bound of its
    own.
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
        """Raises `SettingsError` where the authority cannot be read."""
        self.url, self._seconds, self._redactor = url.rstrip("/"), seconds, redactor or Redactor()
        self._auth = (
            TokenFileAuth(token_file, self._redactor, scheme=scheme, called="token_file")
            if token_file
            else None
        )
        self._tls = create_tls_context(ca_file)

    def get(self, path: str, **parameters: str) -> Any:
        """What stands in the answer.

        Raises `TelemetrySilent`, or `UnexpectedStatus` for any status but 200.
        """
        return self._decode(
            path, self._create_client().get(self.url + path, parameters, accept="application/json")
        )

    def post(self, path: str, body: Any) -> Any:
        """The same for a long question."""
        return self._decode(
            path, self._create_client().post(self.url + path, json.dumps(body).encode())
        )

    def format_url(self, path: str = "") -> str:
        """An address of it, for a sentence."""
        return redact_url(self.url + path)

    def mask(self, text: object) -> str:
        """What the other side said, short and without secrets."""
        return self._redactor.redact_text(" ".join(str(text).split()))[:ERROR_TEXT_LIMIT]

    def _create_client(self) -> BoundedHttpClient:
        return BoundedHttpClient(
            self._seconds, tls=self._tls, auth=self._auth, redactor=self._redactor
        )

    def _decode(self, path: str, answer: BoundedResponse) -> Any:
        try:
            told = json.loads(answer.body)
        except ValueError:
            told = None
        if answer.status != 200:
            said = (told.get("message") or told.get("error")) if isinstance(told, dict) else None
            raise UnexpectedStatus(
                f"{self.format_url(path)} answered {answer.status}: {self.mask(said or 'no reason')}",
                answer.status,
            )
        if told is None:
            raise SourceUnavailable(f"{self.format_url(path)} answered 200, and not in JSON")
        return told

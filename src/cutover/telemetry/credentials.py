"""How a client shows itself to what watches a target, and whom it trusts: a token in a file, and an
authority of one's own.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Generator
from pathlib import Path

import httpx

from cutover.evidence import Redactor
from cutover.settings import SettingsError
from cutover.telemetry.looks import TelemetrySilent

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
        raise TelemetrySilent(
            f"the token in {called or path} cannot be read: {type(error).__name__}"
        ) from None
    redactor.learn(name, token)
    if not _TOKEN.fullmatch(token):
        raise TelemetrySilent(f"{called or path} holds no token")
    return token


class TokenInFile(httpx.Auth):
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


def trusting_only(ca_file: str | Path | None, key: str = "ca_file") -> ssl.SSLContext | None:
    """What trusts that authority alone; None where none is given.

    Raises `SettingsError`, which calls the setting `key`.
    """
    try:
        return ssl.create_default_context(cafile=ca_file) if ca_file else None
    except OSError as error:  # also what ssl raises for a file that holds no certificate
        raise SettingsError(
            f"{key} = {str(ca_file)!r} cannot be used: {error.strerror or type(error).__name__}"
        ) from None

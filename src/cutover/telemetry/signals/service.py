"""One HTTP API that answers in JSON, asked within a bound on its time, with a token where it wants one."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx

from cutover.evidence import Redactor
from cutover.settings import SettingsError
from cutover.telemetry.asking import SAID, Answer, Asker, shown
from cutover.telemetry.looks import TelemetrySilent

SECONDS = 5.0
"""That one answer may take."""
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Declined(TelemetrySilent):
    """The service answered, and not with what was asked for. `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Token(httpx.Auth):
    """Reads the token anew for each request, for it may be renewed; and makes it known to what masks secrets."""

    def __init__(self, path: Path, scheme: str, redactor: Redactor) -> None:
        self._path, self._scheme, self._redactor = path, scheme, redactor

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        try:
            token = self._path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise TelemetrySilent(f"token_file cannot be read: {type(error).__name__}") from None
        self._redactor.learn(f"token of {request.url.host}", token)
        if not _TOKEN.fullmatch(token):  # httpx would quote it in its complaint
            raise TelemetrySilent("token_file holds no token: one line of plain characters was expected")
        request.headers["Authorization"] = f"{self._scheme} {token}"
        yield request


class Service:
    """Many questions may be asked of it at the same time: each has a connection and a bound of its own."""

    def __init__(self, url: str, *, token_file: Path | None = None, scheme: str = "Bearer", ca_file: Path | None = None,
                 redactor: Redactor | None = None, seconds: float = SECONDS) -> None:
        """Raises `SettingsError` where the authority cannot be read."""
        self.url, self._seconds, self._redactor = url.rstrip("/"), seconds, redactor or Redactor()
        self._auth = Token(token_file, scheme, self._redactor) if token_file else None
        self._tls = _trusting(ca_file)

    def get(self, path: str, **parameters: str) -> Any:
        """What stands in the answer. Raises `TelemetrySilent`, or `Declined` for any status but 200."""
        return self._told(path, self._asker().get(self.url + path, parameters, accept="application/json"))

    def post(self, path: str, body: Any) -> Any:
        """The same for a long question."""
        return self._told(path, self._asker().post(self.url + path, json.dumps(body).encode()))

    def shown(self, path: str = "") -> str:
        """An address of it, for a sentence."""
        return shown(self.url + path)

    def masked(self, text: object) -> str:
        """What the other side said, short and without secrets."""
        return self._redactor.text(" ".join(str(text).split()))[:SAID]

    def _asker(self) -> Asker:
        return Asker(self._seconds, tls=self._tls, auth=self._auth, redactor=self._redactor)

    def _told(self, path: str, answer: Answer) -> Any:
        try:
            told = json.loads(answer.body)
        except ValueError:
            told = None
        if answer.status != 200:
            said = (told.get("message") or told.get("error")) if isinstance(told, dict) else None
            raise Declined(f"{self.shown(path)} answered {answer.status}: {self.masked(said or 'no reason')}", answer.status)
        if told is None:
            raise TelemetrySilent(f"{self.shown(path)} answered 200, and not in JSON")
        return told


def _trusting(ca_file: Path | None) -> ssl.SSLContext | None:
    try:
        return ssl.create_default_context(cafile=ca_file) if ca_file else None
    except OSError as error:  # also what ssl raises for a file that holds no certificate
        raise SettingsError(f"ca_file = {str(ca_file)!r} cannot be used: {error.strerror or type(error).__name__}") from None

"""One HTTP API that answers in JSON, asked within a bound on its time, with a token where it wants
one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cutover.evidence import Redactor
from cutover.telemetry.asking import SAID, Answer, Asker, shown
from cutover.telemetry.credentials import TokenInFile, trusting_only
from cutover.telemetry.looks import TelemetrySilent

SECONDS = 5.0
"""That one answer may take."""


class Declined(TelemetrySilent):
    """The service answered, and not with what was asked for. `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Service:
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
        seconds: float = SECONDS,
    ) -> None:
        """Raises `SettingsError` where the authority cannot be read."""
        self.url, self._seconds, self._redactor = url.rstrip("/"), seconds, redactor or Redactor()
        self._auth = (
            TokenInFile(token_file, self._redactor, scheme=scheme, called="token_file")
            if token_file
            else None
        )
        self._tls = trusting_only(ca_file)

    def get(self, path: str, **parameters: str) -> Any:
        """What stands in the answer.

        Raises `TelemetrySilent`, or `Declined` for any status but 200.
        """
        return self._told(
            path, self._asker().get(self.url + path, parameters, accept="application/json")
        )

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
            raise Declined(
                f"{self.shown(path)} answered {answer.status}: {self.masked(said or 'no reason')}",
                answer.status,
            )
        if told is None:
            raise TelemetrySilent(f"{self.shown(path)} answered 200, and not in JSON")
        return told

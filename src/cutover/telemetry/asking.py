"""One request with a total bound on its time, whatever the other side does: no address, no
handshake, a drip of single bytes.
"""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache

import httpx

from cutover.evidence import Redactor
from cutover.telemetry.looks import TelemetrySilent

SECONDS = 1.5
"""That a look may take. A run may end two seconds late because of one, and not more."""
SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer."""
SAID = 200
"""Characters of what the other side says in an error."""


@dataclass(frozen=True)
class Answer:
    """`at`: when it was there, on our clock; `date`: the same on the clock of the other side, to
    the second, where it tells.
    """

    status: int
    body: bytes = field(repr=False)
    at: float
    date: float | None = None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@cache
def _usual_tls() -> ssl.SSLContext:
    """Made once: reading all the world's certificates takes longer than most requests."""
    return httpx.create_ssl_context()


class Asker:
    """Asks in a thread of its own, and waits for it no longer than `seconds`.

    While an answer is still out, nothing more is sent.

    Each request has a connection of its own: behind a load balancer a kept one would lead to one
    and the same process, and hide the others.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        *,
        tls: ssl.SSLContext | None = None,
        auth: httpx.Auth | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._seconds, self._tls, self._auth = seconds, tls or _usual_tls(), auth
        self._redactor = redactor or Redactor()
        self._asking: threading.Thread | None = None

    def get(
        self, url: str, parameters: dict[str, str] | None = None, accept: str = "*/*"
    ) -> Answer:
        """The answer, wholly read, whatever its status. Raises `TelemetrySilent`."""
        return self._bounded(url, parameters or {}, accept, None)

    def post(self, url: str, body: bytes) -> Answer:
        """The same for a question that is too long for an address: JSON, which changes nothing on
        the other side.
        """
        return self._bounded(url, {}, "application/json", body)

    def _bounded(
        self, url: str, parameters: dict[str, str], accept: str, body: bytes | None
    ) -> Answer:
        if self._asking and self._asking.is_alive():
            raise TelemetrySilent(f"{shown(url)} is still busy with the look before")
        came: list[Answer | str] = []
        self._asking = threading.Thread(
            target=lambda: came.append(self._ask(url, parameters, accept, body)),
            daemon=True,
            name="asking",
        )
        self._asking.start()
        self._asking.join(self._seconds)
        answer = came[0] if came else self._late(url)
        if isinstance(
            answer, str
        ):  # only the sentence leaves the thread: the frames of what was raised in it hold headers
            raise TelemetrySilent(answer)
        return answer

    def _late(self, url: str) -> str:
        return f"{shown(url)} gave no whole answer within {self._seconds:g} s"

    def _ask(
        self, url: str, parameters: dict[str, str], accept: str, body: bytes | None
    ) -> Answer | str:
        try:
            return self._read(url, parameters, accept, body)
        except TelemetrySilent as silent:
            return str(silent)
        except httpx.TimeoutException:
            return self._late(url)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return (
                f"{shown(url)} cannot be asked:"
                f" {self._redactor.text(str(error) or type(error).__name__)[:SAID]}"
            )
        except (
            Exception
        ) as error:  # whatever it is, only its kind is told: its text may hold a header
            return f"{shown(url)} cannot be asked: {type(error).__name__}"

    def _read(
        self, url: str, parameters: dict[str, str], accept: str, body: bytes | None
    ) -> Answer:
        ends, content = time.monotonic() + self._seconds, bytearray()
        headers = {
            "Accept": accept,
            "Connection": "close",
            **({} if body is None else {"Content-Type": "application/json"}),
        }
        with (
            httpx.Client(
                verify=self._tls, auth=self._auth, timeout=self._seconds, trust_env=False
            ) as client,
            client.stream(
                "GET" if body is None else "POST",
                url,
                params=parameters or None,
                content=body,
                headers=headers,
            ) as response,
        ):
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > SIZE_LIMIT:
                    raise TelemetrySilent(f"{shown(url)} gave more than {SIZE_LIMIT} bytes")
                if time.monotonic() > ends:
                    raise TelemetrySilent(self._late(url))
            return Answer(
                response.status_code,
                bytes(content),
                time.time(),
                _moment(response.headers.get("Date")),
            )


def shown(url: str) -> str:
    """An address as it may be told: without user, password and query."""
    try:
        parts = httpx.URL(url)
        return str(parts.copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL:
        return "an address that is none"


def _moment(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None

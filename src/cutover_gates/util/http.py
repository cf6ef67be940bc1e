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

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.util.resource_sample import SourceUnavailable

SAMPLE_TIMEOUT_SECONDS = 1.5
"""That a look may take. A run may end two seconds late because of one, and not more."""
SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer."""
ERROR_TEXT_LIMIT = 200
"""Characters of what the other side says in an error."""


@dataclass(frozen=True)
class BoundedResponse:
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
def _default_tls_context() -> ssl.SSLContext:
    """Made once: reading all the world's certificates takes longer than most requests."""
    return httpx.create_ssl_context()


class BoundedHttpClient:
    """Asks in a thread of its own, and waits for it no longer than `seconds`.

    While an answer is still out, nothing more is sent.

    Each request has a connection of its own: behind a load balancer a kept one would lead to one
    and the same process, and hide the others.
    """

    def __init__(
        self,
        seconds: float = SAMPLE_TIMEOUT_SECONDS,
        *,
        tls: ssl.SSLContext | None = None,
        auth: httpx.Auth | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._seconds, self._tls, self._auth = seconds, tls or _default_tls_context(), auth
        self._redactor = redactor or Redactor()
        self._thread: threading.Thread | None = None

    def get(
        self, url: str, parameters: dict[str, str] | None = None, accept: str = "*/*"
    ) -> BoundedResponse:
        """The answer, wholly read, whatever its status. Raises `TelemetrySilent`."""
        return self._send_with_timeout(url, parameters or {}, accept, None)

    def post(self, url: str, body: bytes) -> BoundedResponse:
        """The same for a question that is too long for an address: JSON, which changes nothing on
        the other side.
        """
        return self._send_with_timeout(url, {}, "application/json", body)

    def _send_with_timeout(
        self, url: str, parameters: dict[str, str], accept: str, body: bytes | None
    ) -> BoundedResponse:
        if self._thread and self._thread.is_alive():
            raise SourceUnavailable(f"{redact_url(url)} is still busy with the look before")
        came: list[BoundedResponse | str] = []
        self._thread = threading.Thread(
            target=lambda: came.append(self._try_send(url, parameters, accept, body)),
            daemon=True,
            name="asking",
        )
        self._thread.start()
        self._thread.join(self._seconds)
        answer = came[0] if came else self._timeout_message(url)
        if isinstance(
            answer, str
        ):  # only the sentence leaves the thread: the frames of what was raised in it hold headers
            raise SourceUnavailable(answer)
        return answer

    def _timeout_message(self, url: str) -> str:
        return f"{redact_url(url)} gave no whole answer within {self._seconds:g} s"

    def _try_send(
        self, url: str, parameters: dict[str, str], accept: str, body: bytes | None
    ) -> BoundedResponse | str:
        try:
            return self._send(url, parameters, accept, body)
        except SourceUnavailable as silent:
            return str(silent)
        except httpx.TimeoutException:
            return self._timeout_message(url)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return (
                f"{redact_url(url)} cannot be asked:"
                f" {self._redactor.redact_text(str(error) or type(error).__name__)[:ERROR_TEXT_LIMIT]}"
            )
        except (
            Exception
        ) as error:  # whatever it is, only its kind is told: its text may hold a header
            return f"{redact_url(url)} cannot be asked: {type(error).__name__}"

    def _send(
        self, url: str, parameters: dict[str, str], accept: str, body: bytes | None
    ) -> BoundedResponse:
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
                    raise SourceUnavailable(f"{redact_url(url)} gave more than {SIZE_LIMIT} bytes")
                if time.monotonic() > ends:
                    raise SourceUnavailable(self._timeout_message(url))
            return BoundedResponse(
                response.status_code,
                bytes(content),
                time.time(),
                _parse_date(response.headers.get("Date")),
            )


def redact_url(url: str) -> str:
    """An address as it may be told: without user, password and query."""
    try:
        parts = httpx.URL(url)
        return str(parts.copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL:
        return "an address that is none"


def _parse_date(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None

"""An HTTP client for single queries, which no server can hold up.

Each request is sent in a thread: a slow name lookup, a slow handshake or an answer that arrives
byte by byte cannot delay the caller beyond the bound.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from functools import cache

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.util.http import (
    BoundedResponse,
    HttpRequest,
    SourceUnavailable,
    describe_delay,
    drop_frames,
    exchange,
    redact_url,
)
from cutover_gates.util.request_deadline import DeadlineTransport

SAMPLE_TIMEOUT_SECONDS = 1.5
"""Seconds for one sample of the load probe: a run may end two seconds late because of one."""


class BoundedHttpClient:
    """Sends requests in a thread and waits no longer than `seconds` for each.

    While an answer is outstanding, no further request is sent.

    Each request has a connection of its own: behind a load balancer a kept connection would always
    lead to the same process and hide the others.
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
        self, url: str, parameters: Mapping[str, str] | None = None, accept: str = "*/*"
    ) -> BoundedResponse:
        """Return the answer, whatever its status. Raises `SourceUnavailable`."""
        return self._send_with_timeout(
            HttpRequest(url, "GET", parameters or {}, {"Accept": accept})
        )

    def post(self, url: str, body: bytes) -> BoundedResponse:
        """Return the answer to a query in JSON that is too long for a URL.

        The query must change nothing on the server. Raises `SourceUnavailable`.
        """
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return self._send_with_timeout(HttpRequest(url, "POST", {}, headers, body))

    def _send_with_timeout(self, request: HttpRequest) -> BoundedResponse:
        name = redact_url(request.url)
        # A server that hangs must not collect a thread and a connection with each sample.
        if self._thread and self._thread.is_alive():
            raise SourceUnavailable("is still busy with the request before", name)
        # The thread appends to it; an empty list means that it is still busy.
        answers: list[BoundedResponse | SourceUnavailable] = []
        self._thread = threading.Thread(
            target=lambda: answers.append(self._try_send(request)), daemon=True, name="http-request"
        )
        self._thread.start()
        self._thread.join(self._seconds)
        answer = answers[0] if answers else SourceUnavailable(describe_delay(self._seconds), name)
        if isinstance(answer, SourceUnavailable):
            raise answer
        return answer

    def _try_send(self, request: HttpRequest) -> BoundedResponse | SourceUnavailable:
        try:
            return self._send(request)
        except SourceUnavailable as error:
            return drop_frames(error)
        except Exception as error:  # only the kind is shown: the text may hold a header
            return SourceUnavailable(
                f"cannot be asked: {type(error).__name__}", redact_url(request.url)
            )

    def _send(self, request: HttpRequest) -> BoundedResponse:
        ends = time.monotonic() + self._seconds
        with httpx.Client(
            transport=DeadlineTransport(self._tls),
            auth=self._auth,
            timeout=self._seconds,
            # Proxies and netrc of the environment would send requests, and tokens, elsewhere.
            trust_env=False,
            headers={"Connection": "close"},
        ) as client:
            return exchange(client, request, ends, self._seconds, self._redactor)


@cache
def _default_tls_context() -> ssl.SSLContext:
    # Once a process: reading the system's authorities takes longer than most requests.
    return httpx.create_ssl_context()

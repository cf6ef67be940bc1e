"""One GET request on a connection of its own: the status and the headers of its answer, never its
content.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx

from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable, redact_url
from cutover_gates.util.http_services import create_tls_context

TIMEOUT_SLACK_SECONDS = 0.5
"""Seconds for a thread that is begun late: a bound on the whole look is so much longer than those
on its steps.
"""


class ConnectionRefused(SourceUnavailable):
    """Nobody listens there."""


@dataclass(frozen=True)
class ProbeReply:
    """`headers` by names in lower case; `client` and `server`: the addresses from and at which was
    asked.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    client: str = ""
    server: str = ""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def send_get(
    url: str,
    seconds: float,
    *,
    tls: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    client: str | None = None,
) -> ProbeReply:
    """Asks from the address `client`, and follows no redirect.

    `seconds` bound each step (connection, each part of the answer).

    Raises `TelemetrySilent` where no answer comes, `ConnectionRefused` where nobody listens.
    """
    sent = {"Connection": "close", "User-Agent": "cutover", **(headers or {})}
    try:
        transport = httpx.HTTPTransport(
            verify=tls or create_verifying_context(None), local_address=client, trust_env=False
        )
        with (
            httpx.Client(transport=transport, timeout=seconds, trust_env=False) as asker,
            asker.stream("GET", url, headers=sent) as response,
        ):
            ends = [
                response.extensions["network_stream"].get_extra_info(end)[0]
                for end in ("client_addr", "server_addr")
            ]
            return ProbeReply(response.status_code, dict(response.headers.items()), *ends)
    except httpx.TimeoutException:
        raise SourceUnavailable(f"no answer within {seconds:g} s") from None
    except httpx.ConnectError as error:
        raise (ConnectionRefused if "refused" in str(error).lower() else SourceUnavailable)(
            _format_error(error)
        ) from None
    except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
        raise SourceUnavailable(_format_error(error)) from None


@cache
def create_verifying_context(ca_file: Path | None, *, name: bool = True) -> ssl.SSLContext:
    """Trusts these authorities, without a file those of the system; `name`: only where the host's
    name matches, too. Raises `SettingsError`.
    """
    context = create_tls_context(ca_file) or ssl.create_default_context()
    context.check_hostname = name
    context.verify_flags = (
        ssl.VERIFY_X509_TRUSTED_FIRST
    )  # one verdict on every Python: 3.13 is stricter than browsers, and more lenient
    return context


def join_address(base: str, path: str) -> str:
    """The path at an address, as it may be told."""
    return f"{redact_url(base).rstrip('/')}/{path.lstrip('/')}"


def _format_error(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:ERROR_TEXT_LIMIT]


LANES = 4
"""Requests that are under way at a time."""
PAUSE_SECONDS = 0.03
"""Seconds between an answer and the next request of its lane."""
POLL_SECONDS = 0.02
"""Seconds."""


@dataclass(frozen=True)
class ProbeResult:
    """One request: when its answer came (`time.monotonic()`), who gave it, and what was wrong with
    it ("" where nothing was).
    """

    at: float
    instance: str | None
    error: str


@dataclass
class ProbeTraffic:
    """Begins with `send_continuously`, and ends with it.

    `results` is only added to, in the order of the answers.
    """

    ask: Callable[[], ProbeReply]
    instance_header: str
    results: list[ProbeResult] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def results_since(self, moment: float) -> list[ProbeResult]:
        """What was answered from that moment on."""
        return [sent for sent in list(self.results) if sent.at >= moment]

    @contextmanager
    def send_continuously(self) -> Iterator[None]:
        """Requests are sent until the block ends; those that are under way then are waited for."""
        lanes = [
            threading.Thread(target=self._send_until_stop, daemon=True, name="stream")
            for _ in range(LANES)
        ]
        for lane in lanes:
            lane.start()
        try:
            yield
        finally:
            self._stop.set()
            for lane in lanes:
                lane.join()

    def _send_until_stop(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            self.results.append(send_probe(self.ask, self.instance_header))


def send_probe(ask: Callable[[], ProbeReply], instance_header: str) -> ProbeResult:
    """Sends one request; it never raises."""
    try:
        reply = ask()
    except SourceUnavailable as silent:
        return ProbeResult(time.monotonic(), None, str(silent))
    return ProbeResult(
        time.monotonic(),
        reply.headers.get(instance_header.lower()),
        "" if reply.is_success else f"answer {reply.status}",
    )


def wait_for_condition(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true within so many seconds."""
    ends = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
    return true

"""One GET request on a connection of its own: the status and the headers of its answer, never its
content.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx

from cutover.telemetry.asking import SAID, shown
from cutover.telemetry.credentials import trusting_only
from cutover.telemetry.looks import TelemetrySilent

SLACK = 0.5
"""Seconds for a thread that is begun late: a bound on the whole look is so much longer than those
on its steps.
"""


class Refused(TelemetrySilent):
    """Nobody listens there."""


@dataclass(frozen=True)
class Reply:
    """`headers` by names in lower case; `client` and `server`: the addresses from and at which was
    asked.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    client: str = ""
    server: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def get(
    url: str,
    seconds: float,
    *,
    tls: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    client: str | None = None,
) -> Reply:
    """Asks from the address `client`, and follows no redirect.

    `seconds` bound each step (connection, each part of the answer).

    Raises `TelemetrySilent` where no answer comes, `Refused` where nobody listens.
    """
    sent = {"Connection": "close", "User-Agent": "cutover", **(headers or {})}
    try:
        transport = httpx.HTTPTransport(
            verify=tls or trusting(None), local_address=client, trust_env=False
        )
        with (
            httpx.Client(transport=transport, timeout=seconds, trust_env=False) as asker,
            asker.stream("GET", url, headers=sent) as response,
        ):
            ends = [
                response.extensions["network_stream"].get_extra_info(end)[0]
                for end in ("client_addr", "server_addr")
            ]
            return Reply(response.status_code, dict(response.headers.items()), *ends)
    except httpx.TimeoutException:
        raise TelemetrySilent(f"no answer within {seconds:g} s") from None
    except httpx.ConnectError as error:
        raise (Refused if "refused" in str(error).lower() else TelemetrySilent)(
            _said(error)
        ) from None
    except (httpx.TransportError, httpx.InvalidURL, OSError) as error:
        raise TelemetrySilent(_said(error)) from None


@cache
def trusting(ca_file: Path | None, *, name: bool = True) -> ssl.SSLContext:
    """Trusts these authorities, without a file those of the system; `name`: only where the host's
    name matches, too. Raises `SettingsError`.
    """
    context = trusting_only(ca_file) or ssl.create_default_context()
    context.check_hostname = name
    context.verify_flags = (
        ssl.VERIFY_X509_TRUSTED_FIRST
    )  # one verdict on every Python: 3.13 is stricter than browsers, and more lenient
    return context


def address(base: str, path: str) -> str:
    """The path at an address, as it may be told."""
    return f"{shown(base).rstrip('/')}/{path.lstrip('/')}"


def _said(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:SAID]

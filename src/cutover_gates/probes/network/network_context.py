"""What the network assessments share: whose network it is, and one GET request."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx

from cutover_gates.core.clock_slack import EXACT_CLOCK, ClockSlack
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.util.http import BoundedResponse, HttpRequest, exchange, redact_url
from cutover_gates.util.http_services import create_tls_context
from cutover_gates.util.request_deadline import DeadlineTransport

TIMEOUT_SLACK_SECONDS = 0.5
"""Seconds by which the bound of a whole query exceeds the bounds of its steps: a thread may start
late."""


@dataclass(frozen=True)
class NetworkContext:
    """The target's name, what its settings declare as unsupported, and who takes the assessments.

    `absent` says what an embedded target should have started and could not, a sentence each.
    `clock` says how far the true time may be from this machine's clock.
    """

    target: str
    declared: Mapping[str, str] = field(default_factory=dict)
    absent: Iterable[str] = ()
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)
    clock: ClockSlack = EXACT_CLOCK

    def key(self, table: str, key: str) -> str:
        """Return the full name of a settings key."""
        return f"targets.{self.target}.infrastructure.{table}.{key}"

    def add_undeclared(
        self, builder: AssessmentBuilder, rule: Rule, table: str, keys: Iterable[str]
    ) -> None:
        """Add a gap of `rule` for each settings key that is not set."""
        # An embedded target declares nothing: what is missing on the machine is the reason.
        reason = "; ".join(self.absent) or "not set"
        for key in keys:
            builder.add_gap(rule, self.key(table, key), reason)

    def finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        """Return the assessment and leave it in the evidence."""
        assessment = builder.build(title)
        self.record(assessment)
        return assessment


def send_get(
    url: str,
    seconds: float,
    *,
    tls: ssl.SSLContext | None = None,
    headers: Mapping[str, str] | None = None,
    client: str | None = None,
) -> BoundedResponse:
    """Send a GET request from the address `client` and return the answer without its body.

    Each request has a connection of its own, and no redirect is followed. `seconds` bound it
    all. Raises `SourceUnavailable` where no answer comes, `ConnectionRefused` where nobody
    listens.
    """
    transport = DeadlineTransport(tls or create_verifying_context(None), client)
    # A kept connection would lead to the same backend each time.
    sent = {"Connection": "close", "User-Agent": "cutover", **(headers or {})}
    request = HttpRequest(url, headers=sent, read_body=False)
    with httpx.Client(transport=transport, timeout=seconds, trust_env=False) as connection:
        return exchange(connection, request, time.monotonic() + seconds, seconds)


@cache
def create_verifying_context(ca_file: Path | None, *, check_name: bool = True) -> ssl.SSLContext:
    """Return a context that trusts the authorities in `ca_file`, without a file the system's.

    `check_name` false: the chain alone is verified, not the host's name. Raises `SettingsError`.
    """
    context = create_tls_context(ca_file) or ssl.create_default_context()
    context.check_hostname = check_name
    # The same result on every Python: the defaults of 3.13 are stricter than browsers.
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    return context


def join_url(base: str, path: str) -> str:
    """Return the URL of a path, redacted."""
    return f"{redact_url(base).rstrip('/')}/{path.lstrip('/')}"

"""Queries to all endpoints of a target at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cutover_gates.config.network import TlsSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.network.network_context import (
    TIMEOUT_SLACK_SECONDS,
    NetworkContext,
    create_verifying_context,
)
from cutover_gates.probes.network.tls import rules
from cutover_gates.probes.network.tls.certificates import Endpoint, resolve_endpoint
from cutover_gates.util.concurrency import query_all
from cutover_gates.util.http import SourceUnavailable

T = TypeVar("T")


class EndpointQueries:
    """The endpoints that settings name, or the target's own `url` where it is https.

    Raises `SettingsError` for an authority that cannot be read.
    """

    def __init__(
        self,
        settings: TlsSettings,
        url: str,
        context: NetworkContext,
        ca_file: Path | None = None,
    ) -> None:
        self.settings, self.context = settings, context
        own = [url] if url.startswith("https://") else []
        # The settings hold `host:port`; as a URL it is parsed like the target's own.
        declared = [f"https://{endpoint}" for endpoint in settings.endpoints]
        self.endpoints = [parse_endpoint(each) for each in declared or own]
        self.verifying_context = create_verifying_context(ca_file)
        self.chain_only_context = create_verifying_context(ca_file, check_name=False)

    def create_builder(self, **figures: Any) -> AssessmentBuilder:
        """Return a builder, with a gap where no endpoint is known."""
        builder = AssessmentBuilder(figures=figures)
        if not self.endpoints:
            self.context.add_undeclared(builder, rules.ENDPOINTS_DECLARED, "tls", ["endpoints"])
        return builder

    def query(
        self, look: Callable[[Endpoint], T], endpoints: Iterable[Endpoint] | None = None
    ) -> dict[Endpoint, T | SourceUnavailable]:
        """Query these endpoints, or each declared one at each of its addresses."""
        bound = self.settings.seconds + TIMEOUT_SLACK_SECONDS
        if endpoints is not None:
            return query_all(endpoints, look, bound)
        # Each address of a name may have a front end, and a certificate, of its own.
        resolve = partial(resolve_endpoint, seconds=self.settings.seconds)
        unresolved: dict[Endpoint, T | SourceUnavailable] = {}
        resolved: list[Endpoint] = []
        for endpoint, places in query_all(self.endpoints, resolve, bound).items():
            if isinstance(places, SourceUnavailable):
                unresolved[endpoint] = places
            else:
                resolved += places
        return {**unresolved, **query_all(resolved, look, bound)}

    def iterate_answers(
        self,
        builder: AssessmentBuilder,
        look: Callable[[Endpoint], T],
        endpoints: Iterable[Endpoint] | None = None,
    ) -> Iterator[tuple[Endpoint, T]]:
        """Yield the endpoints that answer; the others are gaps.

        A silent endpoint is a finding of `assess_chains`, and only there.
        """
        for endpoint, answer in self.query(look, endpoints).items():
            if isinstance(answer, SourceUnavailable):
                builder.add_gap(
                    rules.ENDPOINT_ANSWERS,
                    str(endpoint),
                    answer.reason,
                    reproduce=endpoint.openssl_command,
                )
            else:
                yield endpoint, answer


def parse_endpoint(url: str) -> Endpoint:
    """Return the endpoint of an https URL."""
    parts = urlsplit(url)
    return Endpoint(parts.hostname or "", parts.port or 443)

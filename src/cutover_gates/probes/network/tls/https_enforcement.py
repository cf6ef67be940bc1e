"""Checks that lead people from plain HTTP to https and keep them there."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import urljoin

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.network.network_context import TIMEOUT_SLACK_SECONDS, send_get
from cutover_gates.probes.network.tls import rules
from cutover_gates.probes.network.tls.certificates import Endpoint
from cutover_gates.probes.network.tls.endpoint_queries import EndpointQueries, parse_endpoint
from cutover_gates.util.concurrency import query_all
from cutover_gates.util.http import BoundedResponse, ConnectionRefused, SourceUnavailable

NO_PLAIN_HTTP = "plain-http"
"""What a target declares as unsupported where no server listens for plain HTTP."""
REDIRECTS = (301, 302, 303, 307, 308)
MAX_AGE = re.compile(r"(?i)(?:^|;)\s*max-age\s*=\s*\"?(\d+)")


def check_redirects(queries: EndpointQueries, builder: AssessmentBuilder) -> None:
    """Request the declared addresses in plain HTTP, by default each endpoint's at port 443."""
    seconds = queries.settings.seconds
    addresses = queries.settings.redirects or _default_addresses(queries)
    if queries.endpoints and not addresses:
        queries.context.add_undeclared(builder, rules.ENDPOINTS_DECLARED, "tls", ["redirects"])
    replies = query_all(
        addresses, partial(send_get, seconds=seconds), seconds + TIMEOUT_SLACK_SECONDS
    )
    for address, reply in replies.items():
        if isinstance(reply, ConnectionRefused):
            _judge_closed_port(queries, builder, address)
        elif isinstance(reply, SourceUnavailable):
            builder.add_gap(
                rules.PLAIN_HTTP_REDIRECTS, address, reply.reason, reproduce=_command(address)
            )
        else:
            _judge_redirect(queries, builder, address, reply)


def check_hsts(queries: EndpointQueries, builder: AssessmentBuilder) -> None:
    """Read Strict-Transport-Security at each endpoint, by its name."""
    settings = queries.settings
    get = partial(send_get, seconds=settings.seconds, tls=queries.verifying_context)

    def look(endpoint: Endpoint) -> BoundedResponse:
        return get(f"https://{endpoint.name}{settings.hsts_path}")

    # By its name, and not at each address: browsers keep the header by the name.
    for endpoint, reply in queries.iterate_answers(builder, look, queries.endpoints):
        builder.checked.append(str(endpoint))
        header = reply.headers.get("strict-transport-security", "")
        # The value may be quoted, and stand among other directives (RFC 6797, 6.1).
        max_age = MAX_AGE.search(header)
        if max_age is None or int(max_age[1]) < settings.hsts_seconds:
            builder.add_finding(
                rules.HSTS_LONG_ENOUGH,
                str(endpoint),
                expected=f"Strict-Transport-Security: max-age={settings.hsts_seconds} or more",
                actual=header or "no such header",
                reproduce=_command(f"https://{endpoint.name}{settings.hsts_path}"),
            )


def _default_addresses(queries: EndpointQueries) -> list[str]:
    at_443 = [endpoint for endpoint in queries.endpoints if endpoint.port == 443]
    return [f"http://{_format_host(endpoint)}/" for endpoint in at_443]


def _judge_closed_port(queries: EndpointQueries, builder: AssessmentBuilder, address: str) -> None:
    builder.checked.append(address)
    if NO_PLAIN_HTTP not in queries.context.declared:
        builder.add_finding(
            rules.PLAIN_HTTP_REDIRECTS,
            address,
            expected="a redirect to https",
            actual="connection refused",
            reproduce=_command(address),
        )


def _judge_redirect(
    queries: EndpointQueries, builder: AssessmentBuilder, address: str, reply: BoundedResponse
) -> None:
    leads = ""
    if reply.status in REDIRECTS:
        # Without its query, which may hold a token.
        leads = urljoin(address, reply.headers.get("location", "")).partition("?")[0]
    if not leads.startswith("https://"):
        builder.checked.append(address)
        builder.add_finding(
            rules.PLAIN_HTTP_REDIRECTS,
            address,
            expected="a redirect to https",
            actual=f"status {reply.status} to {leads}" if leads else f"status {reply.status}",
            reproduce=_command(address),
        )
    # A redirect to another host proves nothing where its certificate is not checked.
    elif parse_endpoint(leads) not in queries.endpoints:
        builder.add_gap(
            rules.PLAIN_HTTP_REDIRECTS,
            address,
            f"it leads to {leads}, which is not among tls.endpoints, so that its certificate is not"
            " checked",
            reproduce=_command(address),
        )
    else:
        builder.checked.append(address)


def _command(url: str) -> str:
    return f"curl -sI {url}"


def _format_host(endpoint: Endpoint) -> str:
    return f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host

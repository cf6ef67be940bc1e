"""Offers that every endpoint must refuse: old protocols and weak cipher suites."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.probes.network.network_context import TIMEOUT_SLACK_SECONDS
from cutover_gates.probes.network.tls import rules
from cutover_gates.probes.network.tls.certificates import Endpoint
from cutover_gates.probes.network.tls.endpoint_queries import EndpointQueries
from cutover_gates.probes.network.tls.tls_client_hello import (
    MODERN_OFFER,
    ServerChoice,
    TlsOffer,
    send_client_hello,
)
from cutover_gates.util.concurrency import query_all
from cutover_gates.util.http import SourceUnavailable

OPENSSL_FLAGS = {"SSL 3.0": "-ssl3", "TLS 1.0": "-tls1", "TLS 1.1": "-tls1_1"}


def check_refusals(
    queries: EndpointQueries,
    builder: AssessmentBuilder,
    rule: Rule,
    offers: Mapping[str, TlsOffer],
) -> None:
    """Make each offer, by its name, to each endpoint.

    A refusal counts only where the endpoint takes a good offer, before and afterwards: a server
    that hangs up on everybody refuses TLS 1.0, too.
    """
    seconds = queries.settings.seconds
    takes_modern = partial(_takes_modern_offer, seconds=seconds)
    before = dict(queries.iterate_answers(builder, takes_modern))
    pairs = [(endpoint, name) for endpoint in before for name in offers]
    answers = query_all(
        pairs,
        lambda pair: _send_offer(pair[0], offers[pair[1]], seconds),
        seconds + TIMEOUT_SLACK_SECONDS,
    )
    # Once more: after many offers a server may have locked this client out.
    after = dict(queries.iterate_answers(builder, takes_modern, before))
    for (endpoint, name), answer in answers.items():
        proves = before[endpoint] and after.get(endpoint, False)
        _judge_offer(builder, rule, endpoint, name, answer, proves)
    for endpoint, took in after.items():
        if not (took and before[endpoint]):
            builder.add_gap(
                rule,
                str(endpoint),
                "it refuses TLS 1.2 and 1.3 too, so that its refusals prove nothing",
                reproduce=endpoint.openssl_command,
            )


def _judge_offer(
    builder: AssessmentBuilder,
    rule: Rule,
    endpoint: Endpoint,
    name: str,
    answer: ServerChoice | SourceUnavailable | None,
    refusal_counts: bool,
) -> None:
    subject = f"{endpoint}, {name}"
    if isinstance(answer, SourceUnavailable):
        builder.add_gap(rule, subject, answer.reason, reproduce=_command(rule, endpoint, name))
    elif answer is not None:
        # An accepted offer needs no proof that the server also accepts a good one.
        builder.checked.append(subject)
        builder.add_finding(
            rule,
            subject,
            expected="refused",
            actual=f"accepted: {answer.version_name}, cipher suite 0x{answer.cipher:04X}",
            reproduce=_command(rule, endpoint, name),
        )
    elif refusal_counts:
        builder.checked.append(subject)


def _command(rule: Rule, endpoint: Endpoint, name: str) -> str:
    if rule is rules.OLD_PROTOCOLS_REFUSED:
        return f"{endpoint.openssl_command} {OPENSSL_FLAGS[name]} -cipher ALL:@SECLEVEL=0"
    return f"nmap --script ssl-enum-ciphers -p {endpoint.port} {endpoint.host}"


def _takes_modern_offer(endpoint: Endpoint, seconds: float) -> bool:
    return _send_offer(endpoint, MODERN_OFFER, seconds) is not None


def _send_offer(endpoint: Endpoint, offer: TlsOffer, seconds: float) -> ServerChoice | None:
    try:
        return send_client_hello(endpoint.socket_address, endpoint.host, *offer, seconds)
    except OSError as error:
        # Only the reason: the place is the subject of the finding.
        raise SourceUnavailable(error.strerror or str(error) or type(error).__name__) from None

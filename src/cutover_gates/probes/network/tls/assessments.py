"""The questions about certificates and TLS; each method answers one."""

from __future__ import annotations

from functools import partial

from cryptography import x509

from cutover_gates.core.clock_slack import ClockSlack
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.network.tls import (
    https_enforcement,
    protocol_refusals,
    rules,
    tls_client_hello,
)
from cutover_gates.probes.network.tls.certificates import (
    WRONG_NAME,
    Endpoint,
    VerificationFailure,
    fetch_chain,
    find_validity_problem,
    format_subject,
    verify_endpoint,
)
from cutover_gates.probes.network.tls.endpoint_queries import EndpointQueries
from cutover_gates.util.http import SourceUnavailable

Chain = list[x509.Certificate]


class TlsAssessments(EndpointQueries):
    """The questions about the endpoints that settings name, or about the target's own https URL."""

    def assess_chains(self) -> Assessment:
        """Every endpoint answers, and what it sends leads to a trusted authority."""
        builder = self.create_builder()
        for endpoint, answer in self.query(self._look_at_chain).items():
            if isinstance(answer, SourceUnavailable):
                builder.add_finding(
                    rules.ENDPOINT_ANSWERS,
                    str(endpoint),
                    expected="a TLS connection",
                    actual=answer.reason,
                    reproduce=endpoint.openssl_command,
                )
            else:
                _judge_chain(builder, endpoint, *answer)
        return self.context.finish(builder, "Certificates lead to a trusted authority")

    def assess_names(self) -> Assessment:
        """The certificate is for the name of the endpoint."""
        builder = self.create_builder()
        look = partial(
            verify_endpoint, trusting=self.verifying_context, seconds=self.settings.seconds
        )
        for endpoint, failure in self.iterate_answers(builder, look):
            _judge_name(builder, endpoint, failure)
        return self.context.finish(builder, "Certificates are for these names")

    def assess_days_left(self) -> Assessment:
        """No certificate that is sent is about to expire, intermediate ones included."""
        builder = self.create_builder(days_left=self.settings.days_left)
        look = partial(fetch_chain, seconds=self.settings.seconds)
        for endpoint, chain in self.iterate_answers(builder, look):
            _judge_validity(builder, endpoint, chain, self.settings.days_left, self.context.clock)
        return self.context.finish(builder, "No certificate is about to expire")

    def assess_protocols(self) -> Assessment:
        """SSL 3.0, TLS 1.0 and TLS 1.1 are refused."""
        builder = self.create_builder()
        offers = tls_client_hello.OLD_PROTOCOL_OFFERS
        protocol_refusals.check_refusals(self, builder, rules.OLD_PROTOCOLS_REFUSED, offers)
        return self.context.finish(builder, "Old protocols are refused")

    def assess_ciphers(self) -> Assessment:
        """No cipher suite is accepted that protects nothing."""
        builder = self.create_builder()
        offers = tls_client_hello.WEAK_CIPHER_OFFERS
        protocol_refusals.check_refusals(self, builder, rules.WEAK_CIPHERS_REFUSED, offers)
        return self.context.finish(builder, "Weak ciphers are refused")

    def assess_redirects(self) -> Assessment:
        """Plain HTTP leads to https."""
        builder = self.create_builder()
        https_enforcement.check_redirects(self, builder)
        return self.context.finish(builder, "Plain HTTP leads to https")

    def assess_hsts(self) -> Assessment:
        """Browsers are told to stay with https, for long enough."""
        builder = self.create_builder(hsts_seconds=self.settings.hsts_seconds)
        https_enforcement.check_hsts(self, builder)
        return self.context.finish(builder, "Browsers stay with https")

    def _look_at_chain(self, endpoint: Endpoint) -> tuple[Chain, VerificationFailure | None]:
        seconds = self.settings.seconds
        chain = fetch_chain(endpoint, seconds)
        return chain, verify_endpoint(endpoint, self.chain_only_context, seconds)


def _judge_chain(
    builder: AssessmentBuilder,
    endpoint: Endpoint,
    chain: Chain,
    failure: VerificationFailure | None,
) -> None:
    builder.checked.append(str(endpoint))
    builder.figures[str(endpoint)] = [format_subject(each) for each in chain]
    # The command shows the chain; -showcerts prints what is really sent.
    if failure:
        builder.add_finding(
            rules.CHAIN_TRUSTED,
            str(endpoint),
            expected="a chain to a trusted authority",
            actual=failure.describe(chain),
            reproduce=f"{endpoint.openssl_command} -showcerts",
        )


def _judge_name(
    builder: AssessmentBuilder, endpoint: Endpoint, failure: VerificationFailure | None
) -> None:
    if failure is None:
        builder.checked.append(str(endpoint))
    elif failure.code in WRONG_NAME:
        builder.checked.append(str(endpoint))
        builder.add_finding(
            rules.NAME_MATCHES,
            str(endpoint),
            expected=f"a certificate for {endpoint.host}",
            actual=failure.message,
            reproduce=endpoint.openssl_command,
        )
    else:
        # OpenSSL stops at the first failure: an untrusted chain hides what the name is.
        builder.add_gap(
            rules.NAME_MATCHES,
            str(endpoint),
            f"the certificate is not trusted ({failure.message}), so its name is not compared",
            reproduce=endpoint.openssl_command,
        )


def _judge_validity(
    builder: AssessmentBuilder,
    endpoint: Endpoint,
    chain: Chain,
    days_left: float,
    clock: ClockSlack,
) -> None:
    builder.checked.append(str(endpoint))
    builder.figures[str(endpoint)] = {
        format_subject(each): each.not_valid_after_utc.isoformat() for each in chain
    }
    # An intermediate certificate that expires breaks the chain as well.
    for certificate in chain:
        if problem := find_validity_problem(certificate, days_left, clock):
            builder.add_finding(
                rules.VALID_LONG_ENOUGH,
                f"{endpoint}: {format_subject(certificate)}",
                expected=f"valid for {days_left:g} days or more",
                actual=problem,
                reproduce=f"{endpoint.openssl_command} -showcerts",
            )

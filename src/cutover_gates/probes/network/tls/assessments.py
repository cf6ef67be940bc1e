"""The questions to the certificates and to the way they are used; each method answers one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from cryptography import x509

from cutover_gates.config.network import TlsSettings as Declared
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.network.client import (
    TIMEOUT_SLACK_SECONDS,
    ConnectionRefused,
    ProbeReply,
    create_verifying_context,
    send_get,
)
from cutover_gates.probes.network.network_context import (
    NetworkAssessmentBuilder,
    NetworkContext,
    query_all,
)
from cutover_gates.probes.network.tls import tls_client_hello
from cutover_gates.probes.network.tls.certificates import (
    WRONG_NAME,
    Endpoint,
    VerificationFailure,
    fetch_chain,
    find_validity_problems,
    format_subject,
    resolve_endpoint,
    verify_endpoint,
)
from cutover_gates.util.http import SourceUnavailable

ITEM, NO_PLAIN_HTTP = "tls-certificates", "plain-http"
REDIRECTS = (301, 302, 303, 307, 308)
OPENSSL_FLAGS = {"SSL 3.0": "-ssl3", "TLS 1.0": "-tls1", "TLS 1.1": "-tls1_1"}
V = TypeVar("V")


class TlsAssessments:
    """The endpoints that settings name, or the target's own `url` where it is https.

    Raises `SettingsError` for an authority that cannot be read.
    """

    def __init__(
        self, settings: Declared, url: str, context: NetworkContext, ca_file: Path | None = None
    ) -> None:
        self.settings, self.context = settings, context
        own = [_parse_endpoint(url)] if url.startswith("https://") else []
        self.endpoints = [
            _parse_endpoint(f"https://{endpoint}") for endpoint in settings.endpoints
        ] or own
        self.verifying_context, self.chain_only_context = (
            create_verifying_context(ca_file),
            create_verifying_context(ca_file, name=False),
        )

    def assess_chains(self) -> Assessment:
        """Somebody answers, and what he sends leads to an authority that is trusted."""

        def look(endpoint: Endpoint) -> tuple[list[x509.Certificate], VerificationFailure | None]:
            return fetch_chain(endpoint, self.settings.seconds), verify_endpoint(
                endpoint, self.chain_only_context, self.settings.seconds
            )

        seen = self._create_builder("Certificates lead to a trusted authority")
        for endpoint, came in self._query_endpoints(look).items():
            if isinstance(came, SourceUnavailable):
                seen.findings.append(
                    f"{endpoint}: nobody gets in here: {came}. {endpoint.openssl_command}"
                )
                continue
            chain, said = came
            seen.figures[str(endpoint)] = [format_subject(each) for each in chain]
            seen.add_result(
                str(endpoint),
                [f"{endpoint}: {said.describe(chain)}. {endpoint.openssl_command} -showcerts"]
                if said
                else [],
            )
        return seen.build_and_record(self.context)

    def assess_names(self) -> Assessment:
        """The certificate is for the name by which people come."""
        seen = self._create_builder("Certificates are for these names")
        for endpoint, said in self._iterate_answers(
            seen,
            partial(
                verify_endpoint, trusting=self.verifying_context, seconds=self.settings.seconds
            ),
        ):
            if said is None:
                seen.checked.append(str(endpoint))
            elif said.code in WRONG_NAME:
                seen.add_result(
                    str(endpoint),
                    [
                        f"{endpoint}: the certificate is for another name ({said.message})."
                        f" {endpoint.openssl_command}"
                    ],
                )
            else:
                seen.not_proven.append(
                    f"{endpoint}: whether the name is right shows once the certificate is trusted"
                    f" ({said.message})"
                )
        return seen.build_and_record(self.context)

    def assess_days_left(self) -> Assessment:
        """No certificate is about to expire, nor one that is sent between it and the authority."""
        seen = self._create_builder(
            "No certificate is about to expire", days_left=self.settings.days_left
        )
        for endpoint, chain in self._iterate_answers(
            seen, partial(fetch_chain, seconds=self.settings.seconds)
        ):
            seen.figures[str(endpoint)] = {
                format_subject(each): each.not_valid_after_utc.isoformat() for each in chain
            }
            seen.add_result(
                str(endpoint),
                [
                    f"{endpoint}: {wrong}. {endpoint.openssl_command} -showcerts"
                    for each in chain
                    for wrong in find_validity_problems(each, self.settings.days_left)
                ],
            )
        return seen.build_and_record(self.context)

    def assess_protocols(self) -> Assessment:
        """SSL 3.0, TLS 1.0 and 1.1 are refused."""
        return self._assess_refusals(
            "Old protocols are refused",
            tls_client_hello.OLD_PROTOCOL_OFFERS,
            lambda endpoint, name, choice: (
                f"{endpoint} speaks {choice.version_name} when {name} is offered, and that is broken. "
                f"{endpoint.openssl_command} {OPENSSL_FLAGS[name]} -cipher ALL:@SECLEVEL=0"
            ),
        )

    def assess_ciphers(self) -> Assessment:
        """No cipher suite can be agreed on that protects nothing."""
        return self._assess_refusals(
            "Weak ciphers are refused",
            tls_client_hello.WEAK_CIPHER_OFFERS,
            lambda endpoint, name, choice: (
                f"{endpoint} agrees on cipher suite 0x{choice.cipher:04X} ({name}). nmap --script"
                f" ssl-enum-ciphers -p {endpoint.port} {endpoint.host}"
            ),
        )

    def assess_redirects(self) -> Assessment:
        """Who comes by plain HTTP is sent to https."""
        seen = self._create_builder("Plain HTTP leads to https")
        addresses = self.settings.redirects or [
            f"http://{_format_host(endpoint)}/"
            for endpoint in self.endpoints
            if endpoint.port == 443
        ]
        if self.endpoints and not addresses:
            seen.not_proven.append(
                self.context.format_undeclared_key(
                    "tls", "redirects", ITEM, "no address in plain HTTP is known"
                )
            )
        for address, reply in query_all(
            addresses,
            partial(send_get, seconds=self.settings.seconds),
            self.settings.seconds + TIMEOUT_SLACK_SECONDS,
        ).items():
            if isinstance(reply, ConnectionRefused):
                seen.add_result(
                    address,
                    (
                        []
                        if NO_PLAIN_HTTP in self.context.declared
                        else [
                            f"{address}: nobody listens there, and who writes the name without"
                            " https comes there: have it lead to https, or say in "
                            f"[targets.{self.context.target}.unsupported] why not: {NO_PLAIN_HTTP}"
                            ' = "…"'
                        ]
                    ),
                )
            elif isinstance(reply, SourceUnavailable):
                seen.not_proven.append(f"{address} could not be looked at: {reply}")
            else:
                self._judge_redirect(address, reply, seen)
        return seen.build_and_record(self.context)

    def assess_hsts(self) -> Assessment:
        """Browsers are told to stay with https, for long enough."""
        seen, least, path = (
            self._create_builder("Browsers stay with https"),
            self.settings.hsts_seconds,
            self.settings.hsts_path,
        )
        seen.figures["hsts_seconds"] = least
        ask = partial(send_get, seconds=self.settings.seconds, tls=self.verifying_context)
        for endpoint, reply in self._iterate_answers(
            seen, lambda endpoint: ask(f"https://{endpoint.name}{path}"), self.endpoints
        ):
            header = reply.headers.get("strict-transport-security", "")
            found = re.search(r"(?i)(?:^|;)\s*max-age\s*=\s*\"?(\d+)", header)
            seen.add_result(
                str(endpoint),
                (
                    []
                    if found and int(found[1]) >= least
                    else [
                        f"{endpoint}: Strict-Transport-Security is {header!r}, and max-age={least}"
                        f" is the least. curl -sI https://{endpoint.name}{path}"
                    ]
                ),
            )
        return seen.build_and_record(self.context)

    # ── how they are answered ──

    def _create_builder(self, title: str, **facts: Any) -> NetworkAssessmentBuilder:
        nobody = (
            []
            if self.endpoints
            else [
                self.context.format_undeclared_key(
                    "tls", "endpoints", ITEM, "no endpoint with a certificate is known"
                )
            ]
        )
        return NetworkAssessmentBuilder(title, not_proven=nobody, figures=facts)

    def _query_endpoints(
        self, look: Callable[[Endpoint], V], endpoints: Iterable[Endpoint] | None = None
    ) -> dict[Endpoint, V | SourceUnavailable]:
        """At these endpoints, or at all that are declared, each at each of its addresses."""
        seconds, lost = self.settings.seconds, dict[Endpoint, V | SourceUnavailable]()
        if endpoints is None:
            found = query_all(
                self.endpoints,
                partial(resolve_endpoint, seconds=seconds),
                seconds + TIMEOUT_SLACK_SECONDS,
            )
            endpoints = [
                each
                for places in found.values()
                if not isinstance(places, SourceUnavailable)
                for each in places
            ]
            lost = {
                endpoint: why
                for endpoint, why in found.items()
                if isinstance(why, SourceUnavailable)
            }
        return {**lost, **query_all(endpoints, look, seconds + TIMEOUT_SLACK_SECONDS)}

    def _iterate_answers(
        self,
        seen: NetworkAssessmentBuilder,
        look: Callable[[Endpoint], V],
        endpoints: Iterable[Endpoint] | None = None,
    ) -> Iterator[tuple[Endpoint, V]]:
        """The endpoints that answer.

        That others do not is a finding of `assess_chains`; here it only leaves them unproven.
        """
        for endpoint, came in self._query_endpoints(look, endpoints).items():
            if isinstance(came, SourceUnavailable):
                seen.not_proven.append(f"{endpoint} could not be looked at: {came}")
            else:
                yield endpoint, came

    def _assess_refusals(
        self,
        title: str,
        offers: Mapping[str, tls_client_hello.TlsOffer],
        wrong: Callable[[Endpoint, str, tls_client_hello.ServerChoice], str],
    ) -> Assessment:
        """Each offer, by its name, is made to each endpoint.

        A refusal counts where a good offer is taken, before and afterwards.
        """
        seen = self._create_builder(title)
        takes = dict(self._iterate_answers(seen, self._accepts_modern_offer))
        pairs = [(endpoint, name) for endpoint in takes for name in offers]
        answers = query_all(
            pairs,
            lambda pair: self._send_offer(pair[0], offers[pair[1]]),
            self.settings.seconds + TIMEOUT_SLACK_SECONDS,
        )
        still = {
            endpoint: took and takes[endpoint]
            for endpoint, took in self._iterate_answers(seen, self._accepts_modern_offer, takes)
        }
        for (endpoint, name), answer in answers.items():
            if isinstance(answer, SourceUnavailable):
                seen.not_proven.append(f"{endpoint} does not say whether it takes {name}: {answer}")
            elif answer or still.get(endpoint):
                seen.add_result(
                    f"{endpoint}, {name}", [wrong(endpoint, name, answer)] if answer else []
                )
        seen.not_proven += [
            f"{endpoint} refuses what it should take, too: its refusals prove nothing"
            for endpoint, took in still.items()
            if not took
        ]
        return seen.build_and_record(self.context)

    def _accepts_modern_offer(self, endpoint: Endpoint) -> bool:
        return self._send_offer(endpoint, tls_client_hello.MODERN_OFFER) is not None

    def _send_offer(
        self, endpoint: Endpoint, offer: tls_client_hello.TlsOffer
    ) -> tls_client_hello.ServerChoice | None:
        try:
            return tls_client_hello.send_client_hello(
                endpoint.socket_address, endpoint.host, *offer, self.settings.seconds
            )
        except OSError as error:
            raise SourceUnavailable(error.strerror or str(error) or type(error).__name__) from None

    def _judge_redirect(
        self, address: str, reply: ProbeReply, seen: NetworkAssessmentBuilder
    ) -> None:
        leads = (
            urljoin(address, reply.headers.get("location", "")).partition("?")[0]
            if reply.status in REDIRECTS
            else ""
        )
        if not leads.startswith("https://"):
            seen.add_result(
                address,
                [
                    f"{address} answers {reply.status}{f' and leads to {leads}' if leads else ''},"
                    f" and not with a way to https. curl -sI {address}"
                ],
            )
        elif _parse_endpoint(leads) not in self.endpoints:
            seen.not_proven.append(
                f"{address} leads to {leads}, and nobody looks at the certificate there: add it to"
                " endpoints"
            )
        else:
            seen.checked.append(address)


def _parse_endpoint(url: str) -> Endpoint:
    parts = urlsplit(url)
    return Endpoint(parts.hostname or "", parts.port or 443)


def _format_host(endpoint: Endpoint) -> str:
    return f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host

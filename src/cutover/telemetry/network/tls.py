"""The questions to the certificates and to the way they are used; each method answers one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from cryptography import x509

from cutover.evidence import Examination
from cutover.settings.network import Tls as Declared
from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.network import hello
from cutover.telemetry.network.certificates import (
    WRONG_NAME,
    Complaint,
    Endpoint,
    called,
    complaint,
    each_of,
    ending,
    sent,
)
from cutover.telemetry.network.seen import Context, Seen, look_at_all
from cutover.telemetry.network.web import SLACK, Refused, Reply, get, trusting

ITEM, NO_PLAIN_HTTP = "tls-certificates", "plain-http"
REDIRECTS = (301, 302, 303, 307, 308)
FLAGS = {"SSL 3.0": "-ssl3", "TLS 1.0": "-tls1", "TLS 1.1": "-tls1_1"}
V = TypeVar("V")


class Tls:
    """The endpoints that settings name, or the target's own `url` where it is https.

    Raises `SettingsError` for an authority that cannot be read.
    """

    def __init__(
        self, settings: Declared, url: str, context: Context, ca_file: Path | None = None
    ) -> None:
        self.settings, self.context = settings, context
        own = [_endpoint(url)] if url.startswith("https://") else []
        self.endpoints = [
            _endpoint(f"https://{endpoint}") for endpoint in settings.endpoints
        ] or own
        self.trusting, self.trusting_any_name = trusting(ca_file), trusting(ca_file, name=False)

    def chains(self) -> Examination:
        """Somebody answers, and what he sends leads to an authority that is trusted."""

        def look(endpoint: Endpoint) -> tuple[list[x509.Certificate], Complaint | None]:
            return sent(endpoint, self.settings.seconds), complaint(
                endpoint, self.trusting_any_name, self.settings.seconds
            )

        seen = self._seen("Certificates lead to a trusted authority")
        for endpoint, came in self._looks(look).items():
            if isinstance(came, TelemetrySilent):
                seen.findings.append(f"{endpoint}: nobody gets in here: {came}. {endpoint.command}")
                continue
            chain, said = came
            seen.facts[str(endpoint)] = [called(each) for each in chain]
            seen.judge(
                str(endpoint),
                [f"{endpoint}: {said.about(chain)}. {endpoint.command} -showcerts"] if said else [],
            )
        return seen.told(self.context)

    def names(self) -> Examination:
        """The certificate is for the name by which people come."""
        seen = self._seen("Certificates are for these names")
        for endpoint, said in self._asked(
            seen, partial(complaint, trusting=self.trusting, seconds=self.settings.seconds)
        ):
            if said is None:
                seen.examined.append(str(endpoint))
            elif said.code in WRONG_NAME:
                seen.judge(
                    str(endpoint),
                    [
                        f"{endpoint}: the certificate is for another name ({said.words})."
                        f" {endpoint.command}"
                    ],
                )
            else:
                seen.unproven.append(
                    f"{endpoint}: whether the name is right shows once the certificate is trusted"
                    f" ({said.words})"
                )
        return seen.told(self.context)

    def days_left(self) -> Examination:
        """No certificate is about to expire, nor one that is sent between it and the authority."""
        seen = self._seen("No certificate is about to expire", days_left=self.settings.days_left)
        for endpoint, chain in self._asked(seen, partial(sent, seconds=self.settings.seconds)):
            seen.facts[str(endpoint)] = {
                called(each): each.not_valid_after_utc.isoformat() for each in chain
            }
            seen.judge(
                str(endpoint),
                [
                    f"{endpoint}: {wrong}. {endpoint.command} -showcerts"
                    for each in chain
                    for wrong in ending(each, self.settings.days_left)
                ],
            )
        return seen.told(self.context)

    def protocols(self) -> Examination:
        """SSL 3.0, TLS 1.0 and 1.1 are refused."""
        return self._refused(
            "Old protocols are refused",
            hello.OLD,
            lambda endpoint, name, choice: (
                f"{endpoint} speaks {choice.spoken} when {name} is offered, and that is broken. "
                f"{endpoint.command} {FLAGS[name]} -cipher ALL:@SECLEVEL=0"
            ),
        )

    def ciphers(self) -> Examination:
        """No cipher suite can be agreed on that protects nothing."""
        return self._refused(
            "Weak ciphers are refused",
            hello.WEAK,
            lambda endpoint, name, choice: (
                f"{endpoint} agrees on cipher suite 0x{choice.cipher:04X} ({name}). nmap --script"
                f" ssl-enum-ciphers -p {endpoint.port} {endpoint.host}"
            ),
        )

    def redirects(self) -> Examination:
        """Who comes by plain HTTP is sent to https."""
        seen = self._seen("Plain HTTP leads to https")
        addresses = self.settings.redirects or [
            f"http://{_host(endpoint)}/" for endpoint in self.endpoints if endpoint.port == 443
        ]
        if self.endpoints and not addresses:
            seen.unproven.append(
                self.context.missing("tls", "redirects", ITEM, "no address in plain HTTP is known")
            )
        for address, reply in look_at_all(
            addresses, partial(get, seconds=self.settings.seconds), self.settings.seconds + SLACK
        ).items():
            if isinstance(reply, Refused):
                seen.judge(
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
            elif isinstance(reply, TelemetrySilent):
                seen.unproven.append(f"{address} could not be looked at: {reply}")
            else:
                self._redirect(address, reply, seen)
        return seen.told(self.context)

    def hsts(self) -> Examination:
        """Browsers are told to stay with https, for long enough."""
        seen, least, path = (
            self._seen("Browsers stay with https"),
            self.settings.hsts_seconds,
            self.settings.hsts_path,
        )
        seen.facts["hsts_seconds"] = least
        ask = partial(get, seconds=self.settings.seconds, tls=self.trusting)
        for endpoint, reply in self._asked(
            seen, lambda endpoint: ask(f"https://{endpoint.name}{path}"), self.endpoints
        ):
            header = reply.headers.get("strict-transport-security", "")
            found = re.search(r"(?i)(?:^|;)\s*max-age\s*=\s*\"?(\d+)", header)
            seen.judge(
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
        return seen.told(self.context)

    # ── how they are answered ──

    def _seen(self, title: str, **facts: Any) -> Seen:
        nobody = (
            []
            if self.endpoints
            else [
                self.context.missing(
                    "tls", "endpoints", ITEM, "no endpoint with a certificate is known"
                )
            ]
        )
        return Seen(title, unproven=nobody, facts=facts)

    def _looks(
        self, look: Callable[[Endpoint], V], endpoints: Iterable[Endpoint] | None = None
    ) -> dict[Endpoint, V | TelemetrySilent]:
        """At these endpoints, or at all that are declared, each at each of its addresses."""
        seconds, lost = self.settings.seconds, dict[Endpoint, V | TelemetrySilent]()
        if endpoints is None:
            found = look_at_all(self.endpoints, partial(each_of, seconds=seconds), seconds + SLACK)
            endpoints = [
                each
                for places in found.values()
                if not isinstance(places, TelemetrySilent)
                for each in places
            ]
            lost = {
                endpoint: why for endpoint, why in found.items() if isinstance(why, TelemetrySilent)
            }
        return {**lost, **look_at_all(endpoints, look, seconds + SLACK)}

    def _asked(
        self, seen: Seen, look: Callable[[Endpoint], V], endpoints: Iterable[Endpoint] | None = None
    ) -> Iterator[tuple[Endpoint, V]]:
        """The endpoints that answer.

        That others do not is a finding of `chains`; here it only leaves them unproven.
        """
        for endpoint, came in self._looks(look, endpoints).items():
            if isinstance(came, TelemetrySilent):
                seen.unproven.append(f"{endpoint} could not be looked at: {came}")
            else:
                yield endpoint, came

    def _refused(
        self,
        title: str,
        offers: Mapping[str, hello.Offer],
        wrong: Callable[[Endpoint, str, hello.Choice], str],
    ) -> Examination:
        """Each offer, by its name, is made to each endpoint.

        A refusal counts where a good offer is taken, before and afterwards.
        """
        seen = self._seen(title)
        takes = dict(self._asked(seen, self._takes))
        pairs = [(endpoint, name) for endpoint in takes for name in offers]
        answers = look_at_all(
            pairs, lambda pair: self._offer(pair[0], offers[pair[1]]), self.settings.seconds + SLACK
        )
        still = {
            endpoint: took and takes[endpoint]
            for endpoint, took in self._asked(seen, self._takes, takes)
        }
        for (endpoint, name), answer in answers.items():
            if isinstance(answer, TelemetrySilent):
                seen.unproven.append(f"{endpoint} does not say whether it takes {name}: {answer}")
            elif answer or still.get(endpoint):
                seen.judge(f"{endpoint}, {name}", [wrong(endpoint, name, answer)] if answer else [])
        seen.unproven += [
            f"{endpoint} refuses what it should take, too: its refusals prove nothing"
            for endpoint, took in still.items()
            if not took
        ]
        return seen.told(self.context)

    def _takes(self, endpoint: Endpoint) -> bool:
        return self._offer(endpoint, hello.GOOD) is not None

    def _offer(self, endpoint: Endpoint, offer: hello.Offer) -> hello.Choice | None:
        try:
            return hello.offer(endpoint.place, endpoint.host, *offer, self.settings.seconds)
        except OSError as error:
            raise TelemetrySilent(error.strerror or str(error) or type(error).__name__) from None

    def _redirect(self, address: str, reply: Reply, seen: Seen) -> None:
        leads = (
            urljoin(address, reply.headers.get("location", "")).partition("?")[0]
            if reply.status in REDIRECTS
            else ""
        )
        if not leads.startswith("https://"):
            seen.judge(
                address,
                [
                    f"{address} answers {reply.status}{f' and leads to {leads}' if leads else ''},"
                    f" and not with a way to https. curl -sI {address}"
                ],
            )
        elif _endpoint(leads) not in self.endpoints:
            seen.unproven.append(
                f"{address} leads to {leads}, and nobody looks at the certificate there: add it to"
                " endpoints"
            )
        else:
            seen.examined.append(address)


def _endpoint(url: str) -> Endpoint:
    parts = urlsplit(url)
    return Endpoint(parts.hostname or "", parts.port or 443)


def _host(endpoint: Endpoint) -> str:
    return f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host

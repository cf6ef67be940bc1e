"""The questions to the names; each method answers one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cutover_gates.config.network import DnsSettings as Declared
from cutover_gates.config.network import parse_name_server
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.network.client import TIMEOUT_SLACK_SECONDS
from cutover_gates.probes.network.dns.name_resolution import ADDRESS_TYPES, Resolution, resolve
from cutover_gates.probes.network.network_context import (
    NetworkAssessmentBuilder,
    NetworkContext,
    query_all,
)
from cutover_gates.util.http import SourceUnavailable

ITEM = "dns-records"


class DnsAssessments:
    """Every declared name, asked of every declared server."""

    def __init__(self, settings: Declared, context: NetworkContext) -> None:
        self.settings, self.context = settings, context

    def assess_addresses(self) -> Assessment:
        """Every server leads every name to the declared addresses, and to no others."""
        seen = self._create_builder("Names lead to the declared addresses")
        for server, name, led in self._resolve_all(seen, self.settings.resolvers):
            declared, found = set(self.settings.records[name]), _collect_addresses(led)
            refused = [each.status for each in led.values() if each.status != "NOERROR"]
            seen.figures.setdefault(name, {})[server] = refused or sorted(found)
            if refused:
                seen.add_result(
                    f"{name} at {server}",
                    [f"{server} says {refused[0]} of {name}. {_dig_command(server, name)}"],
                )
            else:
                seen.add_result(
                    f"{name} at {server}",
                    (
                        []
                        if found == declared
                        else [
                            f"{server} leads {name} to {_format_list(found)}, and {_format_list(declared)} is"
                            f" declared. {_dig_command(server, name)}"
                        ]
                    ),
                )
        return seen.build_and_record(self.context)

    def assess_agreement(self) -> Assessment:
        """Whoever is asked says the same."""
        seen, answers = (
            self._create_builder("All name servers say the same"),
            defaultdict[str, dict[str, list[str]]](lambda: defaultdict(list)),
        )
        for server, name, led in self._resolve_all(seen, self.settings.resolvers):
            said = "; ".join(
                sorted({each.status for each in led.values()} - {"NOERROR"})
            ) or _format_list(_collect_addresses(led))
            answers[name][said].append(server)
        for name, told in answers.items():
            seen.add_result(
                name,
                (
                    []
                    if len(told) == 1
                    else [
                        f"{name}:"
                        f" {' but '.join(f'{_format_list(servers)} says {said}' for said, servers in sorted(told.items()))}"
                    ]
                ),
            )
        return seen.build_and_record(self.context)

    def assess_times_to_live(self) -> Assessment:
        """Nobody may keep an old answer for long.

        A cache alone proves nothing: it tells what is left of a time to live.
        """
        seen, most = (
            self._create_builder("Answers are not kept for long"),
            self.settings.ttl_seconds,
        )
        known, sure = defaultdict[str, set[str]](set), set[str]()
        seen.figures["ttl_seconds"] = most
        for server, name, led in self._resolve_all(
            seen, (*self.settings.resolvers, *self.settings.authorities)
        ):
            ttls = {record: ttl for each in led.values() for record, ttl in each.ttls.items()}
            seen.figures.setdefault(name, {})[server] = ttls
            seen.add_result(
                f"{name} at {server}",
                [
                    f"{server} lets everybody keep {record} for {ttl} s, and {most} s is the limit."
                    f" {_dig_command(server, name)}"
                    for record, ttl in ttls.items()
                    if ttl > most
                ],
            )
            known[name] |= ttls.keys()
            sure |= {record for each in led.values() for record in each.authoritative}
        seen.not_proven += [
            f"{name}: no server of the zone itself tells its time to live, and a cache only what is"
            " left of it: give those servers as authorities in"
            f" [targets.{self.context.target}.infrastructure.dns]"
            for name in known
            if not known[name] or known[name] - sure
        ]
        return seen.build_and_record(self.context)

    def _create_builder(self, title: str) -> NetworkAssessmentBuilder:
        holes = {"records": not self.settings.records, "resolvers": not self.settings.resolvers}
        words = {"records": "no name is declared", "resolvers": "no resolver is declared"}
        return NetworkAssessmentBuilder(
            title,
            not_proven=[
                self.context.format_undeclared_key("dns", key, ITEM, words[key])
                for key, hole in holes.items()
                if hole
            ],
        )

    def _resolve_all(
        self, seen: NetworkAssessmentBuilder, servers: tuple[str, ...]
    ) -> Iterator[tuple[str, str, dict[str, Resolution]]]:
        """Server, name, and where it leads, by the kind of address; those that do not answer are
        noted as not proven.
        """
        asked = [
            (server, name, kind)
            for server in servers
            for name in self.settings.records
            for kind in ADDRESS_TYPES
        ]
        came = query_all(
            asked,
            lambda one: resolve(*one, self.settings.seconds),
            self.settings.seconds + TIMEOUT_SLACK_SECONDS,
        )
        for server in servers:
            for name in self.settings.records:
                answers = {kind: came[server, name, kind] for kind in ADDRESS_TYPES}
                led = {
                    kind: answer
                    for kind, answer in answers.items()
                    if isinstance(answer, Resolution)
                }
                if len(led) == len(answers):
                    yield server, name, led
                else:
                    why = next(
                        answer
                        for answer in answers.values()
                        if isinstance(answer, SourceUnavailable)
                    )
                    seen.not_proven.append(
                        f"{server} does not answer where {name} leads: {why}. {_dig_command(server, name)}"
                    )


def _collect_addresses(led: dict[str, Resolution]) -> set[str]:
    return {address for each in led.values() for address in each.addresses}


def _format_list(words: set[str] | list[str]) -> str:
    return ", ".join(sorted(words)) or "nowhere"


def _dig_command(server: str, name: str) -> str:
    host, port = parse_name_server(server)
    return f"dig @{host} -p {port} {name}"

"""The questions to the names; each method answers one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cutover.evidence import Examination
from cutover.settings.network import Dns as Declared
from cutover.settings.network import where_of
from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.network.lookups import KINDS, Led, lead
from cutover.telemetry.network.seen import Context, Seen, look_at_all
from cutover.telemetry.network.web import SLACK

ITEM = "dns-records"


class Dns:
    """Every declared name, asked of every declared server."""

    def __init__(self, settings: Declared, context: Context) -> None:
        self.settings, self.context = settings, context

    def addresses(self) -> Examination:
        """Every server leads every name to the declared addresses, and to no others."""
        seen = self._seen("Names lead to the declared addresses")
        for server, name, led in self._led(seen, self.settings.resolvers):
            declared, found = set(self.settings.records[name]), _addresses(led)
            refused = [each.said for each in led.values() if each.said != "NOERROR"]
            seen.facts.setdefault(name, {})[server] = refused or sorted(found)
            if refused:
                seen.judge(
                    f"{name} at {server}",
                    [f"{server} says {refused[0]} of {name}. {_dig(server, name)}"],
                )
            else:
                seen.judge(
                    f"{name} at {server}",
                    (
                        []
                        if found == declared
                        else [
                            f"{server} leads {name} to {_listed(found)}, and {_listed(declared)} is"
                            f" declared. {_dig(server, name)}"
                        ]
                    ),
                )
        return seen.told(self.context)

    def agreement(self) -> Examination:
        """Whoever is asked says the same."""
        seen, answers = (
            self._seen("All name servers say the same"),
            defaultdict[str, dict[str, list[str]]](lambda: defaultdict(list)),
        )
        for server, name, led in self._led(seen, self.settings.resolvers):
            said = "; ".join(sorted({each.said for each in led.values()} - {"NOERROR"})) or _listed(
                _addresses(led)
            )
            answers[name][said].append(server)
        for name, told in answers.items():
            seen.judge(
                name,
                (
                    []
                    if len(told) == 1
                    else [
                        f"{name}:"
                        f" {' but '.join(f'{_listed(servers)} says {said}' for said, servers in sorted(told.items()))}"
                    ]
                ),
            )
        return seen.told(self.context)

    def times_to_live(self) -> Examination:
        """Nobody may keep an old answer for long.

        A cache alone proves nothing: it tells what is left of a time to live.
        """
        seen, most = self._seen("Answers are not kept for long"), self.settings.ttl_seconds
        known, sure = defaultdict[str, set[str]](set), set[str]()
        seen.facts["ttl_seconds"] = most
        for server, name, led in self._led(
            seen, (*self.settings.resolvers, *self.settings.authorities)
        ):
            ttls = {record: ttl for each in led.values() for record, ttl in each.ttls.items()}
            seen.facts.setdefault(name, {})[server] = ttls
            seen.judge(
                f"{name} at {server}",
                [
                    f"{server} lets everybody keep {record} for {ttl} s, and {most} s is the limit."
                    f" {_dig(server, name)}"
                    for record, ttl in ttls.items()
                    if ttl > most
                ],
            )
            known[name] |= ttls.keys()
            sure |= {record for each in led.values() for record in each.authoritative}
        seen.unproven += [
            f"{name}: no server of the zone itself tells its time to live, and a cache only what is"
            " left of it: give those servers as authorities in"
            f" [targets.{self.context.target}.infrastructure.dns]"
            for name in known
            if not known[name] or known[name] - sure
        ]
        return seen.told(self.context)

    def _seen(self, title: str) -> Seen:
        holes = {"records": not self.settings.records, "resolvers": not self.settings.resolvers}
        words = {"records": "no name is declared", "resolvers": "no resolver is declared"}
        return Seen(
            title,
            unproven=[
                self.context.missing("dns", key, ITEM, words[key])
                for key, hole in holes.items()
                if hole
            ],
        )

    def _led(
        self, seen: Seen, servers: tuple[str, ...]
    ) -> Iterator[tuple[str, str, dict[str, Led]]]:
        """Server, name, and where it leads, by the kind of address; those that do not answer are
        noted as not proven.
        """
        asked = [
            (server, name, kind)
            for server in servers
            for name in self.settings.records
            for kind in KINDS
        ]
        came = look_at_all(
            asked, lambda one: lead(*one, self.settings.seconds), self.settings.seconds + SLACK
        )
        for server in servers:
            for name in self.settings.records:
                answers = {kind: came[server, name, kind] for kind in KINDS}
                led = {kind: answer for kind, answer in answers.items() if isinstance(answer, Led)}
                if len(led) == len(answers):
                    yield server, name, led
                else:
                    why = next(
                        answer for answer in answers.values() if isinstance(answer, TelemetrySilent)
                    )
                    seen.unproven.append(
                        f"{server} does not answer where {name} leads: {why}. {_dig(server, name)}"
                    )


def _addresses(led: dict[str, Led]) -> set[str]:
    return {address for each in led.values() for address in each.addresses}


def _listed(words: set[str] | list[str]) -> str:
    return ", ".join(sorted(words)) or "nowhere"


def _dig(server: str, name: str) -> str:
    host, port = where_of(server)
    return f"dig @{host} -p {port} {name}"

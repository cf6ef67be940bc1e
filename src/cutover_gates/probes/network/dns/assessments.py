"""The questions about names; each method answers one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cutover_gates.config.network import DnsSettings, parse_name_server
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.network.dns import rules
from cutover_gates.probes.network.dns.name_resolution import ADDRESS_TYPES, Resolution, resolve
from cutover_gates.probes.network.network_context import TIMEOUT_SLACK_SECONDS, NetworkContext
from cutover_gates.util.concurrency import query_all
from cutover_gates.util.http import SourceUnavailable

NO_ADDRESS = "no address"


@dataclass(frozen=True)
class NameAnswer:
    """What one server answers for one name, by address type."""

    server: str
    name: str
    resolutions: tuple[Resolution, ...]

    @property
    def subject(self) -> str:
        """Return the name and the server, for a finding."""
        return f"{self.name} at {self.server}"

    @property
    def addresses(self) -> set[str]:
        """Return the addresses of all types."""
        return {address for each in self.resolutions for address in each.addresses}

    @property
    def refusals(self) -> list[str]:
        """Return the statuses other than NOERROR."""
        return [each.status for each in self.resolutions if each.status != "NOERROR"]

    @property
    def ttls(self) -> dict[str, int]:
        """Return the time to live in seconds of each record ("name TYPE")."""
        return {record: ttl for each in self.resolutions for record, ttl in each.ttls.items()}

    @property
    def dig_command(self) -> str:
        """Return the command that shows the same."""
        return _dig_command(self.server, self.name)


class DnsAssessments:
    """The questions about every declared name at every declared server."""

    def __init__(self, settings: DnsSettings, context: NetworkContext) -> None:
        self.settings, self.context = settings, context

    def assess_addresses(self) -> Assessment:
        """Every resolver gives every name the declared addresses, and no others."""
        builder = self._create_builder()
        for answer in self._resolve_all(builder, self.settings.resolvers):
            builder.checked.append(answer.subject)
            declared = set(self.settings.records[answer.name])
            figures = builder.figures.setdefault(answer.name, {})
            figures[answer.server] = answer.refusals or sorted(answer.addresses)
            if answer.refusals or answer.addresses != declared:
                builder.add_finding(
                    rules.DECLARED_ADDRESSES,
                    answer.subject,
                    expected=_format_list(declared),
                    actual=_format_answer(answer),
                    reproduce=answer.dig_command,
                )
        return self.context.finish(builder, "Names lead to the declared addresses")

    def assess_agreement(self) -> Assessment:
        """All resolvers give the same answer."""
        builder = self._create_builder()
        servers = defaultdict[str, dict[str, list[str]]](lambda: defaultdict(list))
        for answer in self._resolve_all(builder, self.settings.resolvers):
            # A refusal is an answer: two resolvers may agree on NXDOMAIN.
            text = "; ".join(sorted(set(answer.refusals))) or _format_list(answer.addresses)
            servers[answer.name][text].append(answer.server)
        for name, by_answer in servers.items():
            builder.checked.append(name)
            if len(by_answer) > 1:
                builder.add_finding(
                    rules.RESOLVERS_AGREE,
                    name,
                    expected="the same answer at every resolver",
                    actual=_format_disagreement(by_answer),
                )
        return self.context.finish(builder, "All name servers say the same")

    def assess_times_to_live(self) -> Assessment:
        """No answer may be kept for long.

        A cache alone proves nothing: it reports what is left of a time to live.
        """
        limit = self.settings.ttl_seconds
        builder = self._create_builder()
        builder.figures["ttl_seconds"] = limit
        known, authoritative = defaultdict[str, set[str]](set), set[str]()
        servers = (*self.settings.resolvers, *self.settings.authorities)
        for answer in self._resolve_all(builder, servers):
            builder.checked.append(answer.subject)
            builder.figures.setdefault(answer.name, {})[answer.server] = answer.ttls
            _judge_ttls(builder, answer, limit)
            known[answer.name] |= answer.ttls.keys()
            authoritative.update(*(each.authoritative for each in answer.resolutions))
        for name, records in known.items():
            # A TTL that came from a cache alone may be the rest of a longer one.
            if not records or records - authoritative:
                builder.add_gap(
                    rules.TTL_FROM_ZONE, name, "no server of the zone itself gives its TTL"
                )
        return self.context.finish(builder, "Answers are not kept for long")

    def _create_builder(self) -> AssessmentBuilder:
        builder = AssessmentBuilder()
        missing = [key for key in ("records", "resolvers") if not getattr(self.settings, key)]
        self.context.add_undeclared(builder, rules.NAMES_DECLARED, "dns", missing)
        return builder

    def _resolve_all(
        self, builder: AssessmentBuilder, servers: tuple[str, ...]
    ) -> Iterator[NameAnswer]:
        """Yield the answer of each server for each name; silent servers are gaps."""
        questions = [
            (server, name, kind)
            for server in servers
            for name in self.settings.records
            for kind in ADDRESS_TYPES
        ]
        seconds = self.settings.seconds
        answers = query_all(
            questions,
            lambda question: resolve(*question, seconds),
            seconds + TIMEOUT_SLACK_SECONDS,
        )
        # Both types together: half an answer could hide an address.
        for server, name in dict.fromkeys(question[:2] for question in questions):
            of_types = [answers[server, name, kind] for kind in ADDRESS_TYPES]
            errors = [each for each in of_types if isinstance(each, SourceUnavailable)]
            if errors:
                builder.add_gap(
                    rules.SERVER_ANSWERS,
                    f"{name} at {server}",
                    errors[0].reason,
                    reproduce=_dig_command(server, name),
                )
            else:
                resolutions = (each for each in of_types if isinstance(each, Resolution))
                yield NameAnswer(server, name, tuple(resolutions))


def _judge_ttls(builder: AssessmentBuilder, answer: NameAnswer, limit: int) -> None:
    for record, ttl in answer.ttls.items():
        if ttl > limit:
            builder.add_finding(
                rules.SHORT_TTL,
                f"{record} at {answer.server}",
                expected=f"at most {limit} s",
                actual=f"{ttl} s",
                reproduce=answer.dig_command,
            )


def _format_answer(answer: NameAnswer) -> str:
    return answer.refusals[0] if answer.refusals else _format_list(answer.addresses)


def _format_disagreement(servers: dict[str, list[str]]) -> str:
    parts = [f"{text} at {_format_list(those)}" for text, those in sorted(servers.items())]
    return ", but ".join(parts)


def _format_list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or NO_ADDRESS


def _dig_command(server: str, name: str) -> str:
    host, port = parse_name_server(server)
    return f"dig @{host} -p {port} {name}"

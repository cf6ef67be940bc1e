"""Whether the target's log holds the address of the client, and not that of the load balancer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.network.load_balancer import rules
from cutover_gates.probes.network.load_balancer.probe_traffic import POLL_SECONDS
from cutover_gates.util.concurrency import wait_for
from cutover_gates.util.http import BoundedResponse, SourceUnavailable

LogSearch = Callable[[str], Sequence[Mapping[str, Any]]]
"""Returns the entries of the target's log that hold a marker. Raises `SourceUnavailable`."""


@dataclass(frozen=True)
class ClientAddressCheck:
    """One request from a known address, and its entry in the log.

    `field` is the field of the log with the client's address; `client` the address to send from
    (None: the machine's choice). An entry may take `log_seconds` to arrive.
    """

    address: str
    field: str
    client: str | None
    search_log: LogSearch
    log_seconds: float

    def run(
        self, ask_balancer: Callable[..., BoundedResponse], marker: str, builder: AssessmentBuilder
    ) -> None:
        """Send the request with the marker as its id, and compare the addresses in the log."""
        try:
            reply = ask_balancer(headers={"X-Request-Id": marker}, client=self.client)
            # From this address the load balancer asks as well: the log could not tell them apart.
            if reply.client == reply.server:
                self._add_gap(
                    builder,
                    f"the request and the load balancer have the same address {reply.client}; set"
                    ' balancer.client_address, such as "127.0.0.2"',
                )
                return
            # A target may give the request an id of its own.
            marker = reply.headers.get("x-request-id", marker)
            self._judge_entries(builder, reply.client, marker, self._wait_for_entries(marker))
        except SourceUnavailable as error:
            self._add_gap(builder, str(error))

    def _judge_entries(
        self,
        builder: AssessmentBuilder,
        client: str,
        marker: str,
        entries: Sequence[Mapping[str, Any]],
    ) -> None:
        logged = sorted({str(entry[self.field]) for entry in entries if entry.get(self.field)})
        builder.figures |= {"request": marker, "asked from": client, self.field: logged}
        if not logged:
            missing = f"entry with the field {self.field}" if entries else "entry"
            self._add_gap(
                builder, f"no {missing} for request {marker} within {self.log_seconds:g} s"
            )
            return
        builder.checked.append(self.address)
        if {_normalize_address(name) for name in logged} != {_normalize_address(client)}:
            builder.add_finding(
                rules.CLIENT_ADDRESS_KNOWN,
                f"{self.address}, log field {self.field}",
                expected=client,
                actual=", ".join(logged),
            )

    def _wait_for_entries(self, marker: str) -> Sequence[Mapping[str, Any]]:
        entries: list[Mapping[str, Any]] = []

        def has_entries() -> bool:
            entries[:] = self.search_log(marker)
            return bool(entries)

        wait_for(has_entries, self.log_seconds, POLL_SECONDS)
        return entries

    def _add_gap(self, builder: AssessmentBuilder, reason: str) -> None:
        builder.add_gap(rules.CLIENT_ADDRESS_KNOWN, self.address, reason)


def _normalize_address(text: str) -> str:
    """Return the address in one form: an IPv4 address may be written as an IPv6 one."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    return str(getattr(address, "ipv4_mapped", None) or address)

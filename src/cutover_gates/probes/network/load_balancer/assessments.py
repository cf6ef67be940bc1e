"""The questions to a load balancer; each method answers one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cutover_gates.config.network import LoadBalancerSettings as Declared
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital import Unsupported
from cutover_gates.probes.network.client import (
    LANES,
    POLL_SECONDS,
    TIMEOUT_SLACK_SECONDS,
    ProbeReply,
    ProbeResult,
    ProbeTraffic,
    create_verifying_context,
    join_address,
    send_get,
    send_probe,
)
from cutover_gates.probes.network.load_balancer.backend_failover import FailoverTrial
from cutover_gates.probes.network.network_context import (
    NetworkAssessmentBuilder,
    NetworkContext,
    query_all,
)
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import SourceUnavailable

ITEM, NO_FAILOVER, NO_CLIENT = "load-balancer", "balancer-failover", "client-address"
"""The item, and what a target declares `unsupported` where no backend may die, or where the log
does not tell who asks.
"""
REQUESTS_PER_BACKEND, ROTATION_SECONDS = 20, 15.0
"""Requests for each backend, among which it must be met, and the seconds that all of them may take.
"""

LogSearch = Callable[[str], Sequence[Mapping[str, Any]]]
"""The entries of the target's log that hold a marker. Raises `TelemetrySilent`."""


class LoadBalancerAssessments:
    """What stands at `url`.

    `search_log`: the target's log, `log_seconds` how long an entry may take to get there; `marker`
    makes ids for requests; `acquire_failover_lock` waits until nobody else looks at the backends.

    Raises `SettingsError` for an authority that cannot be read.
    """

    def __init__(
        self,
        settings: Declared,
        url: str,
        context: NetworkContext,
        *,
        production: bool = False,
        ca_file: Path | None = None,
        logged: LogSearch | None = None,
        log_seconds: float = 10,
        marker: Callable[[], str] = lambda: f"cutover-{time.time_ns():x}",
        alone: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings, self.context, self.production = settings, context, production
        self.search_log, self.log_seconds, self.marker, self.acquire_failover_lock = (
            logged,
            log_seconds,
            marker,
            alone,
        )
        self.address = join_address(settings.url or url, settings.health_path)
        self.ask_balancer = partial(
            send_get, self.address, settings.seconds, tls=create_verifying_context(ca_file)
        )
        self.ask_backend: Callable[[str], ProbeReply] = lambda backend: send_get(
            join_address(backend, settings.health_path),
            settings.seconds,
            tls=create_verifying_context(ca_file),
        )

    def assess_backends(self) -> Assessment:
        """Every backend answers when it is asked directly."""
        seen = self._create_builder("Every backend answers")
        for backend, reply in self._query_backends().items():
            wrong = (
                str(reply)
                if isinstance(reply, SourceUnavailable)
                else ""
                if reply.is_success
                else f"it answers {reply.status}"
            )
            seen.add_result(
                backend,
                (
                    [
                        f"{backend} does not answer as it should: {wrong}. "
                        f"curl -i {join_address(backend, self.settings.health_path)}"
                    ]
                    if wrong
                    else []
                ),
            )
        return seen.build_and_record(self.context)

    def assess_rotation(self) -> Assessment:
        """Through the balancer every backend is met, nobody else is, and every request is answered."""
        seen, header = (
            self._create_builder("Every backend is in rotation", "instance_header"),
            self.settings.instance_header or "",
        )
        if not seen.not_proven:
            try:
                self.ask_balancer()  # where nobody answers at all, many requests would only take long
            except SourceUnavailable as silent:
                seen.add_result(self.address, [f"{self.address}: {silent}. curl -i {self.address}"])
            else:
                self._judge_rotation(self._send_probes(header), seen)
        return seen.build_and_record(self.context)

    def assess_failover(self) -> Assessment:
        """A backend that dies is taken out without a request lost, and comes back.

        Raises `NotOffered` where settings declare that none may die.
        """
        if NO_FAILOVER in self.context.declared:
            raise Unsupported(NO_FAILOVER, self.context.declared[NO_FAILOVER])
        seen, settings = (
            self._create_builder("A dead backend is taken out and comes back", "instance_header"),
            self.settings,
        )
        if self.production or not settings.kill:
            why = (
                "no backend is made to die on production"
                if self.production
                else f"no command makes a backend die: set kill in [{self._table}]"
            )
            seen.not_proven.append(
                f"{why}; where it is tried elsewhere, say so in"
                f' [targets.{self.context.target}.unsupported]: {NO_FAILOVER} = "…"'
            )
        if len(settings.backends) == 1:
            seen.not_proven.append(
                "there is one backend: when it dies there is nobody left to answer"
            )
        if not seen.not_proven:
            self.acquire_failover_lock()
            stream = ProbeTraffic(self.ask_balancer, settings.instance_header or "")
            FailoverTrial(
                stream, settings.backends, self.ask_backend, self._backend_names, settings.seconds
            ).run(settings.kill, settings.back_seconds, seen)
        return seen.build_and_record(self.context)

    def assess_client_address(self) -> Assessment:
        """The target's log tells from which address was asked, not the balancer's.

        Raises `NotOffered` where settings declare that it does not.
        """
        if NO_CLIENT in self.context.declared:
            raise Unsupported(NO_CLIENT, self.context.declared[NO_CLIENT])
        seen, field, marker = (
            NetworkAssessmentBuilder("The client's address is passed on"),
            self.settings.client_field,
            self.marker(),
        )
        if not field:
            seen.not_proven.append(
                "nobody says where the log holds the client's address: set client_field in"
                f" [{self._table}], or say in "
                f'[targets.{self.context.target}.unsupported] why it does not: {NO_CLIENT} = "…"'
            )
        elif self.search_log is None:
            seen.not_proven.append("the target's log is not known: see its monitoring.logs")
        else:
            try:
                self._judge_client_address(field, marker, self.search_log, seen)
            except SourceUnavailable as silent:
                seen.not_proven.append(f"{self.address} or the log could not be asked: {silent}")
        return seen.build_and_record(self.context)

    # ── how they are answered ──

    @property
    def _table(self) -> str:
        return f"targets.{self.context.target}.infrastructure.balancer"

    def _create_builder(self, title: str, *needed: str) -> NetworkAssessmentBuilder:
        words = {
            "backends": "no backend is declared",
            "instance_header": "nobody says which header of an answer names the backend",
        }
        return NetworkAssessmentBuilder(
            title,
            not_proven=[
                self.context.format_undeclared_key("balancer", key, ITEM, words[key])
                for key in ("backends", *needed)
                if not getattr(self.settings, key)
            ],
        )

    def _query_backends(self) -> dict[str, ProbeReply | SourceUnavailable]:
        return query_all(
            self.settings.backends, self.ask_backend, self.settings.seconds + TIMEOUT_SLACK_SECONDS
        )

    def _backend_names(self, backend: str, reply: ProbeReply | SourceUnavailable) -> set[str]:
        """How a backend is called in the answers: by its address, or by the name that it gives
        itself.
        """
        header = (self.settings.instance_header or "").lower()
        own = reply.headers.get(header) if isinstance(reply, ProbeReply) else None
        return {urlsplit(backend).netloc} | ({own} if own else set())

    def _send_probes(self, header: str) -> list[ProbeResult]:
        """The answers to many requests, in a few lanes."""
        each, ends = (
            REQUESTS_PER_BACKEND * len(self.settings.backends) // LANES + 1,
            time.monotonic() + ROTATION_SECONDS,
        )

        def lane() -> list[ProbeResult]:
            return [
                send_probe(self.ask_balancer, header)
                for _ in range(each)
                if time.monotonic() < ends
            ]

        return [sent for sents in run_concurrently([lane] * LANES) for sent in sents]

    def _judge_rotation(self, sent: list[ProbeResult], seen: NetworkAssessmentBuilder) -> None:
        names = {
            backend: self._backend_names(backend, reply)
            for backend, reply in self._query_backends().items()
        }
        met, wrong = (
            Counter(each.instance for each in sent if not each.error),
            Counter(each.error for each in sent if each.error),
        )
        strangers = {str(name) for name in met if name is not None} - set().union(*names.values())
        seen.figures |= {
            "requests": len(sent),
            "met": {str(name): count for name, count in met.items()},
            "wrong": dict(wrong),
        }
        if len(sent) < REQUESTS_PER_BACKEND * len(names):
            seen.not_proven.append(
                f"{self.address} answered {len(sent)} requests in {ROTATION_SECONDS:g} s: too few"
                " to tell"
            )
        if met[None]:
            seen.not_proven.append(
                f"{met[None]} answers of {self.address} have no header"
                f" {self.settings.instance_header}"
            )
        seen.add_result(
            self.address,
            [
                *(
                    f"{count} of {len(sent)} requests through {self.address}: {what}"
                    for what, count in wrong.items()
                ),
                *(
                    f"{name} answers through {self.address}, and is no declared backend"
                    for name in sorted(strangers)
                ),
            ],
        )
        for backend, called in names.items():
            seen.add_result(
                backend,
                (
                    []
                    if any(met[name] for name in called)
                    else [
                        f"{backend} answered none of {len(sent)} requests through {self.address}:"
                        " it is not in rotation"
                    ]
                ),
            )

    def _judge_client_address(
        self, field: str, marker: str, logged: LogSearch, seen: NetworkAssessmentBuilder
    ) -> None:
        reply = self.ask_balancer(
            headers={"X-Request-Id": marker}, client=self.settings.client_address
        )
        if reply.client == reply.server:
            seen.not_proven.append(
                f"{self.address} is on this machine, and from {reply.client} the balancer asks,"
                " too: set client_address in "
                f'[{self._table}], such as "127.0.0.2"'
            )
            return
        marker = reply.headers.get("x-request-id", marker)  # a target may give an id of its own
        entries = self._wait_for_entries(marker, logged)
        told = sorted({str(entry[field]) for entry in entries if entry.get(field)})
        seen.figures |= {"request": marker, "asked from": reply.client, field: told}
        if not told:
            seen.not_proven.append(
                f"after {self.log_seconds:g} s the log holds no entry of request {marker}"
                f"{f' with a field {field}' if entries else ''}"
            )
        else:
            seen.add_result(
                self.address,
                (
                    []
                    if all(
                        _normalize_address(name) == _normalize_address(reply.client)
                        for name in told
                    )
                    else [
                        f"a request from {reply.client} stands in the log as one from"
                        f" {', '.join(told)} (field {field}): the balancer does not pass the"
                        " client's address on, or the target does not take it from there"
                    ]
                ),
            )

    def _wait_for_entries(self, marker: str, logged: LogSearch) -> Sequence[Mapping[str, Any]]:
        ends = time.monotonic() + self.log_seconds
        while not (entries := logged(marker)) and time.monotonic() < ends:
            time.sleep(POLL_SECONDS)
        return entries


def _normalize_address(text: str) -> str:
    """An address as it is compared: one of IPv4 may be written as one of IPv6."""
    try:
        found = ip_address(text)
    except ValueError:
        return text
    return str(getattr(found, "ipv4_mapped", None) or found)

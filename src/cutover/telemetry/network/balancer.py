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

from cutover.evidence import Examination
from cutover.hospital import NotOffered
from cutover.settings.network import Balancer as Declared
from cutover.telemetry.abreast import abreast
from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.network.failover import Failover
from cutover.telemetry.network.seen import Context, Seen, look_at_all
from cutover.telemetry.network.stream import BETWEEN_LOOKS, LANES, Sent, Stream, one
from cutover.telemetry.network.web import SLACK, Reply, address, get, trusting

ITEM, NO_FAILOVER, NO_CLIENT = "load-balancer", "balancer-failover", "client-address"
"""The item, and what a target declares `unsupported` where no backend may die, or where the log
does not tell who asks.
"""
FOR_EACH, ROTATION_SECONDS = 20, 15.0
"""Requests for each backend, among which it must be met, and the seconds that all of them may take.
"""

Logged = Callable[[str], Sequence[Mapping[str, Any]]]
"""The entries of the target's log that hold a marker. Raises `TelemetrySilent`."""


class Balancer:
    """What stands at `url`.

    `logged`: the target's log, `log_seconds` how long an entry may take to get there; `marker`
    makes ids for requests; `alone` waits until nobody else looks at the backends.

    Raises `SettingsError` for an authority that cannot be read.
    """

    def __init__(
        self,
        settings: Declared,
        url: str,
        context: Context,
        *,
        production: bool = False,
        ca_file: Path | None = None,
        logged: Logged | None = None,
        log_seconds: float = 10,
        marker: Callable[[], str] = lambda: f"cutover-{time.time_ns():x}",
        alone: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings, self.context, self.production = settings, context, production
        self.logged, self.log_seconds, self.marker, self.alone = logged, log_seconds, marker, alone
        self.address = address(settings.url or url, settings.health_path)
        self.through = partial(get, self.address, settings.seconds, tls=trusting(ca_file))
        self.directly: Callable[[str], Reply] = lambda backend: get(
            address(backend, settings.health_path), settings.seconds, tls=trusting(ca_file)
        )

    def backends(self) -> Examination:
        """Every backend answers when it is asked directly."""
        seen = self._seen("Every backend answers")
        for backend, reply in self._asked_directly().items():
            wrong = (
                str(reply)
                if isinstance(reply, TelemetrySilent)
                else ""
                if reply.good
                else f"it answers {reply.status}"
            )
            seen.judge(
                backend,
                (
                    [
                        f"{backend} does not answer as it should: {wrong}. "
                        f"curl -i {address(backend, self.settings.health_path)}"
                    ]
                    if wrong
                    else []
                ),
            )
        return seen.told(self.context)

    def rotation(self) -> Examination:
        """Through the balancer every backend is met, nobody else is, and every request is answered."""
        seen, header = (
            self._seen("Every backend is in rotation", "instance_header"),
            self.settings.instance_header or "",
        )
        if not seen.unproven:
            try:
                self.through()  # where nobody answers at all, many requests would only take long
            except TelemetrySilent as silent:
                seen.judge(self.address, [f"{self.address}: {silent}. curl -i {self.address}"])
            else:
                self._rotation(self._sent(header), seen)
        return seen.told(self.context)

    def failover(self) -> Examination:
        """A backend that dies is taken out without a request lost, and comes back.

        Raises `NotOffered` where settings declare that none may die.
        """
        if NO_FAILOVER in self.context.declared:
            raise NotOffered(NO_FAILOVER, self.context.declared[NO_FAILOVER])
        seen, settings = (
            self._seen("A dead backend is taken out and comes back", "instance_header"),
            self.settings,
        )
        if self.production or not settings.kill:
            why = (
                "no backend is made to die on production"
                if self.production
                else f"no command makes a backend die: set kill in [{self._table}]"
            )
            seen.unproven.append(
                f"{why}; where it is tried elsewhere, say so in"
                f' [targets.{self.context.target}.unsupported]: {NO_FAILOVER} = "…"'
            )
        if len(settings.backends) == 1:
            seen.unproven.append(
                "there is one backend: when it dies there is nobody left to answer"
            )
        if not seen.unproven:
            self.alone()
            stream = Stream(self.through, settings.instance_header or "")
            Failover(stream, settings.backends, self.directly, self._names, settings.seconds).tried(
                settings.kill, settings.back_seconds, seen
            )
        return seen.told(self.context)

    def client_address(self) -> Examination:
        """The target's log tells from which address was asked, not the balancer's.

        Raises `NotOffered` where settings declare that it does not.
        """
        if NO_CLIENT in self.context.declared:
            raise NotOffered(NO_CLIENT, self.context.declared[NO_CLIENT])
        seen, field, marker = (
            Seen("The client's address is passed on"),
            self.settings.client_field,
            self.marker(),
        )
        if not field:
            seen.unproven.append(
                "nobody says where the log holds the client's address: set client_field in"
                f" [{self._table}], or say in "
                f'[targets.{self.context.target}.unsupported] why it does not: {NO_CLIENT} = "…"'
            )
        elif self.logged is None:
            seen.unproven.append("the target's log is not known: see its monitoring.logs")
        else:
            try:
                self._client(field, marker, self.logged, seen)
            except TelemetrySilent as silent:
                seen.unproven.append(f"{self.address} or the log could not be asked: {silent}")
        return seen.told(self.context)

    # ── how they are answered ──

    @property
    def _table(self) -> str:
        return f"targets.{self.context.target}.infrastructure.balancer"

    def _seen(self, title: str, *needed: str) -> Seen:
        words = {
            "backends": "no backend is declared",
            "instance_header": "nobody says which header of an answer names the backend",
        }
        return Seen(
            title,
            unproven=[
                self.context.missing("balancer", key, ITEM, words[key])
                for key in ("backends", *needed)
                if not getattr(self.settings, key)
            ],
        )

    def _asked_directly(self) -> dict[str, Reply | TelemetrySilent]:
        return look_at_all(self.settings.backends, self.directly, self.settings.seconds + SLACK)

    def _names(self, backend: str, reply: Reply | TelemetrySilent) -> set[str]:
        """How a backend is called in the answers: by its address, or by the name that it gives
        itself.
        """
        header = (self.settings.instance_header or "").lower()
        own = reply.headers.get(header) if isinstance(reply, Reply) else None
        return {urlsplit(backend).netloc} | ({own} if own else set())

    def _sent(self, header: str) -> list[Sent]:
        """The answers to many requests, in a few lanes."""
        each, ends = (
            FOR_EACH * len(self.settings.backends) // LANES + 1,
            time.monotonic() + ROTATION_SECONDS,
        )

        def lane() -> list[Sent]:
            return [one(self.through, header) for _ in range(each) if time.monotonic() < ends]

        return [sent for sents in abreast([lane] * LANES) for sent in sents]

    def _rotation(self, sent: list[Sent], seen: Seen) -> None:
        names = {
            backend: self._names(backend, reply)
            for backend, reply in self._asked_directly().items()
        }
        met, wrong = (
            Counter(each.instance for each in sent if not each.wrong),
            Counter(each.wrong for each in sent if each.wrong),
        )
        strangers = {str(name) for name in met if name is not None} - set().union(*names.values())
        seen.facts |= {
            "requests": len(sent),
            "met": {str(name): count for name, count in met.items()},
            "wrong": dict(wrong),
        }
        if len(sent) < FOR_EACH * len(names):
            seen.unproven.append(
                f"{self.address} answered {len(sent)} requests in {ROTATION_SECONDS:g} s: too few"
                " to tell"
            )
        if met[None]:
            seen.unproven.append(
                f"{met[None]} answers of {self.address} have no header"
                f" {self.settings.instance_header}"
            )
        seen.judge(
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
            seen.judge(
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

    def _client(self, field: str, marker: str, logged: Logged, seen: Seen) -> None:
        reply = self.through(headers={"X-Request-Id": marker}, client=self.settings.client_address)
        if reply.client == reply.server:
            seen.unproven.append(
                f"{self.address} is on this machine, and from {reply.client} the balancer asks,"
                " too: set client_address in "
                f'[{self._table}], such as "127.0.0.2"'
            )
            return
        marker = reply.headers.get("x-request-id", marker)  # a target may give an id of its own
        entries = self._entries(marker, logged)
        told = sorted({str(entry[field]) for entry in entries if entry.get(field)})
        seen.facts |= {"request": marker, "asked from": reply.client, field: told}
        if not told:
            seen.unproven.append(
                f"after {self.log_seconds:g} s the log holds no entry of request {marker}"
                f"{f' with a field {field}' if entries else ''}"
            )
        else:
            seen.judge(
                self.address,
                (
                    []
                    if all(_plain(name) == _plain(reply.client) for name in told)
                    else [
                        f"a request from {reply.client} stands in the log as one from"
                        f" {', '.join(told)} (field {field}): the balancer does not pass the"
                        " client's address on, or the target does not take it from there"
                    ]
                ),
            )

    def _entries(self, marker: str, logged: Logged) -> Sequence[Mapping[str, Any]]:
        ends = time.monotonic() + self.log_seconds
        while not (entries := logged(marker)) and time.monotonic() < ends:
            time.sleep(BETWEEN_LOOKS)
        return entries


def _plain(text: str) -> str:
    """An address as it is compared: one of IPv4 may be written as one of IPv6."""
    try:
        found = ip_address(text)
    except ValueError:
        return text
    return str(getattr(found, "ipv4_mapped", None) or found)

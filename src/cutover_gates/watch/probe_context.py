"""What the probes work with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import SystemRandom
from threading import Lock

import httpx

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.hospital import Credentials, Driver, Role, Session
from cutover_gates.watch.held_streams import HeldStreams
from cutover_gates.watch.own_records import OwnRecords
from cutover_gates.watch.probe_results import Crossing
from cutover_gates.watch.session_keeper import SessionKeeper

READERS = (Role.REGISTRAR, Role.CLINICIAN)
"""The roles that read a patient, by chance: a fault may concern one of them only."""


class NotSent(Exception):
    """A probe was not sent, because all that it works on is in use. Says nothing of the target."""


@dataclass
class LastAnswer:
    """The last answer of a probe, and the crossings between releases that the probe tried."""

    status: int = 0
    release: str = ""
    instance: str = ""
    asked_again: bool = False
    crossings: list[Crossing] = field(default_factory=list)


class AnswerHeaders(threading.local):
    """What the answers to this thread's probe said of who gave them."""

    def __init__(self, release_header: str | None, instance_header: str | None) -> None:
        self._release, self._instance = release_header or "", instance_header or ""
        self.last = LastAnswer()

    def clear(self) -> None:
        """Forget the answers of the probe before."""
        self.last = LastAnswer()

    @contextmanager
    def note_crossing(self, kind: str, made_by: str) -> Iterator[None]:
        """Keep which release answers in this block for what `made_by` made, whatever it answers."""
        self.last.release = ""
        try:
            yield
        finally:
            self.last.crossings.append(Crossing(kind, made_by, self.last.release))

    def observe(self, request: httpx.Request, response: httpx.Response | None) -> None:
        """Keep what an answer says. The transport calls it in the thread that asked."""
        self.last.asked_again |= RequestContext.of(request).asked_again
        if response is None:
            return
        self.last.status = response.status_code
        self.last.release = response.headers.get(self._release, "") if self._release else ""
        self.last.instance = response.headers.get(self._instance, "") if self._instance else ""


@dataclass
class ProbeContext:
    """What the probes work with.

    `fresh` opens a connection for each request, `slow` is a slow line. `old_session` is the session
    that was opened when the watcher began. `headers` name who answered. `unsupported` is what
    the target does not offer. `streams` are held open, where one is declared. `pinned` sends each
    request to the new release, where the settings say how.
    """

    driver: Driver
    fresh: Driver
    slow: Driver
    keeper: SessionKeeper
    users: Mapping[Role, Credentials]
    records: OwnRecords
    old_session: Session
    headers: AnswerHeaders
    unsupported: Collection[str] = ()
    streams: HeldStreams | None = None
    pinned: Driver | None = None
    old_session_lock: Lock = field(default_factory=Lock)
    random: SystemRandom = field(default_factory=SystemRandom)

    def pin(self) -> ProbeContext:
        """Return it with every request sent to the new release. Raises `NotSent`."""
        if self.pinned is None:
            raise NotSent("no header pins a request to the new release (rollout.pin_header)")
        return replace(self, driver=self.pinned)

    def reader(self) -> tuple[Role, Session]:
        """Return one of the roles that read, and its session. Raises `NoSession`."""
        role = self.random.choice(READERS)
        return role, self.keeper.session(role)


Act = Callable[[ProbeContext], Role]
"""What a probe does: it returns the role that it acted in, and raises where something is wrong."""


def require_equal(what: str, expected: object, actual: object) -> None:
    """Raise `FindingsError` where the target gave something else."""
    if expected != actual:
        raise FindingsError(Finding(THIS_CHECK, what, str(expected), str(actual)))

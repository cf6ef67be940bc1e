"""What the probes work with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from random import SystemRandom
from threading import Lock

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.hospital import Credentials, Driver, Role, Session
from cutover_gates.watch.answer_headers import AnswerHeaders
from cutover_gates.watch.own_records import OwnRecords
from cutover_gates.watch.session_keeper import SessionKeeper

READERS = (Role.REGISTRAR, Role.CLINICIAN)
"""The roles that read a patient, by chance: a fault may concern one of them only."""


class NotSent(Exception):
    """A probe was not sent, because all that it works on is in use. Says nothing of the target."""


@dataclass
class ProbeContext:
    """What the probes work with.

    `fresh` opens a connection for each request, `slow` is a slow line. `old_session` is the session
    that was opened when the watcher began. `headers` name who answered. `unsupported` is what
    the target does not offer.
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
    old_session_lock: Lock = field(default_factory=Lock)
    random: SystemRandom = field(default_factory=SystemRandom)

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

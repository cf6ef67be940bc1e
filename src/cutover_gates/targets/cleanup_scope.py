"""A target in which things are made: each is entered in a ledger before it is sent, and retired at
the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.cleanup import CleanupResult, sweep
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import (
    Driver,
    MappingError,
    ProtocolViolation,
    Rejected,
    Role,
    Session,
    Unsupported,
)
from cutover_gates.targets import RunningTarget
from cutover_gates.targets.driver_factory import open_driver

CLEANING_SECONDS = 45.0
"""That a verdict may wait for what was made to be retired.

The rest stays in the ledger, and the next run goes on with it.
"""
DriverAndSessions = tuple[Driver, Callable[[Role], Session]]


@contextmanager
def open_with_cleanup(
    settings: Settings, standing: RunningTarget, ledger: Ledger, redactor: Redactor
) -> Iterator[DriverAndSessions]:
    """The hospital and living sessions for it.

    What was made is retired at the end, unless the target passes away itself.
    """
    opened = open_driver(settings, standing, Recorder(redactor, cap=1), ledger.run)
    hospital = LedgerDriver(opened, ledger, production=standing.production, run_tag=ledger.run)
    keeper = SessionPool(hospital, standing.users, redactor=redactor)
    try:
        yield hospital, keeper.session
    finally:
        keeper.close()
        if not standing.is_ephemeral:
            retire_ledgers(opened, standing, redactor, [ledger])


def retire_ledgers(
    hospital: Driver,
    standing: RunningTarget,
    redactor: Redactor,
    ledgers: Sequence[Ledger],
    seconds: float = CLEANING_SECONDS,
) -> list[CleanupResult]:
    """Retire what stands in the ledgers, as an administrator, for so many seconds.

    Without one, everything is told as still there.
    """
    if not any(ledger.remaining_records() for ledger in ledgers):
        return []
    keeper = SessionPool(hospital, standing.users, redactor=redactor)
    try:
        session = keeper.session(Role.ADMINISTRATOR)
        until = time.monotonic() + seconds
        return [swept for ledger in ledgers for swept in sweep(hospital, ledger, session, until)]
    except (Rejected, ProtocolViolation, Unsupported, MappingError) as error:
        why = (
            "no administrator could sign in:"
            f" {next(iter(str(error).splitlines()), type(error).__name__)}"
        )
        return [
            CleanupResult(left.kind, left.key, left.id, None, why, left.run)
            for ledger in ledgers
            for left in ledger.remaining_records()
        ]
    finally:
        keeper.close()

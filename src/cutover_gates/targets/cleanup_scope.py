"""The scope of a run that creates data: a ledger around the driver, and cleanup at the end."""

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
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.text import first_error_line

CLEANING_SECONDS = 45.0
"""Seconds for which a verdict waits for cleanup.

What remains stays in the ledger, and the next run continues with it.
"""
DriverAndSessions = tuple[Driver, Callable[[Role], Session]]


@contextmanager
def open_with_cleanup(
    settings: Settings, target: RunningTarget, ledger: Ledger, redactor: Redactor
) -> Iterator[DriverAndSessions]:
    """Yield the driver and a function that returns living sessions.

    What was created is retired at the end, unless the target's data ends with the run.
    """
    driver = open_driver(settings, target, Recorder(redactor, cap=1), ledger.run)
    wrapped = LedgerDriver(driver, ledger, production=target.production, run_tag=ledger.run)
    pool = SessionPool(wrapped, target.users, redactor=redactor)
    try:
        yield wrapped, pool.session
    finally:
        pool.close()
        if not target.is_ephemeral:
            retire_ledgers(driver, target, redactor, [ledger])


def retire_ledgers(
    driver: Driver,
    target: RunningTarget,
    redactor: Redactor,
    ledgers: Sequence[Ledger],
    seconds: float = CLEANING_SECONDS,
) -> list[CleanupResult]:
    """Retire what the ledgers hold, as an administrator, for at most so many seconds.

    Where no administrator can sign in, each thing is reported as still there.
    """
    if not any(ledger.remaining_records() for ledger in ledgers):
        return []
    pool = SessionPool(driver, target.users, redactor=redactor)
    try:
        session = pool.session(Role.ADMINISTRATOR)
        until = time.monotonic() + seconds
        swept = [sweep(driver, ledger, session, until) for ledger in ledgers]
        return [result for results in swept for result in results]
    except (Rejected, ProtocolViolation, Unsupported, MappingError) as error:
        why = f"no administrator could sign in: {first_error_line(error)}"
        return [
            CleanupResult(record.kind, record.key, record.id, None, why, record.run)
            for ledger in ledgers
            for record in ledger.remaining_records()
        ]
    finally:
        pool.close()

"""A target in which things are made: each is entered in a ledger before it is sent, and retired at
the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cutover.drivers import Ledgered, TokenKeeper
from cutover.drivers.sweeping import Swept, sweep
from cutover.evidence import Ledger, Recorder, Redactor
from cutover.hospital import Hospital, MappingError, Misbehaved, NotOffered, Refused, Role, Session
from cutover.settings import Settings
from cutover.targets import Standing
from cutover.targets.connecting import open_hospital

CLEANING_SECONDS = 45.0
"""That a verdict may wait for what was made to be retired.

The rest stays in the ledger, and the next run goes on with it.
"""
Entered = tuple[Hospital, Callable[[Role], Session]]


@contextmanager
def entered(
    settings: Settings, standing: Standing, ledger: Ledger, redactor: Redactor
) -> Iterator[Entered]:
    """The hospital and living sessions for it.

    What was made is retired at the end, unless the target passes away itself.
    """
    opened = open_hospital(settings, standing, Recorder(redactor, cap=1), ledger.run)
    hospital = Ledgered(opened, ledger, production=standing.production, run_tag=ledger.run)
    keeper = TokenKeeper(hospital, standing.users, redactor=redactor)
    try:
        yield hospital, keeper.session
    finally:
        keeper.close()
        if not standing.passes:
            retire(opened, standing, redactor, [ledger])


def retire(
    hospital: Hospital,
    standing: Standing,
    redactor: Redactor,
    ledgers: Sequence[Ledger],
    seconds: float = CLEANING_SECONDS,
) -> list[Swept]:
    """Retire what stands in the ledgers, as an administrator, for so many seconds.

    Without one, everything is told as still there.
    """
    if not any(ledger.left() for ledger in ledgers):
        return []
    keeper = TokenKeeper(hospital, standing.users, redactor=redactor)
    try:
        session = keeper.session(Role.ADMINISTRATOR)
        until = time.monotonic() + seconds
        return [swept for ledger in ledgers for swept in sweep(hospital, ledger, session, until)]
    except (Refused, Misbehaved, NotOffered, MappingError) as error:
        why = (
            "no administrator could sign in:"
            f" {next(iter(str(error).splitlines()), type(error).__name__)}"
        )
        return [
            Swept(left.kind, left.key, left.id, None, why, left.run)
            for ledger in ledgers
            for left in ledger.left()
        ]
    finally:
        keeper.close()

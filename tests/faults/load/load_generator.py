"""Faults of the load itself.

The hospital is in order, and nothing may be said of it: neither that it failed, nor that it passed.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from cutover_gates.probes.load import rules
from tests.faults.load.load_fault import LoadFault

if TYPE_CHECKING:  # whoever opens a hospital needs none of it
    from tests.faults.load.running_gate import RunningGate

BOTH: Mapping[str, str] = {"error-rate": "where the load was not made, none of its figures is one"}


class _NotMade(LoadFault):
    """The check that the load was made belongs to both items that rest on it."""

    item, outcome, also = "response-times", "not proven", BOTH


class TheLoadStandsStill(_NotMade):
    """For five seconds the machine that makes the load does nothing.

    Everybody who was to come then comes late, and the hospital is not to blame.
    """

    breaks = (rules.SENT_ON_TIME,)

    def meanwhile(self, gate: RunningGate) -> None:
        gate.wait(300)
        (load,) = gate.load_processes()
        load.send_signal(signal.SIGSTOP)
        time.sleep(5)
        load.send_signal(signal.SIGCONT)


class TheLoadIsStarved(_NotMade):
    """The machine that makes the load has something better to do, most of the time."""

    breaks = (rules.SENT_ON_TIME,)

    def meanwhile(self, gate: RunningGate) -> None:
        gate.wait(50)
        (load,) = gate.load_processes()
        while gate.process.poll() is None and load.is_running():
            for order, seconds in ((signal.SIGSTOP, 0.3), (signal.SIGCONT, 0.1)):
                load.send_signal(order)
                time.sleep(seconds)


class TheLoadIsKilled(_NotMade):
    """The process that makes the load dies when nearly everything is known.

    What it would have seen at the end nobody knows.
    """

    breaks, shows = (rules.LOG_COMPLETE,), "ended by itself"
    asked: ClassVar[Mapping[str, Any]] = {"min_seconds": 40, "max_seconds": 60}

    def meanwhile(self, gate: RunningGate) -> None:
        gate.wait(1500)
        gate.load_processes()[0].kill()


class OneOfThreeIsLost(_NotMade):
    """A third of the people never comes, and the others are content."""

    breaks, shows = (rules.LOG_COMPLETE,), "lost"
    asked: ClassVar[Mapping[str, Any]] = {"processes": 3, "min_seconds": 40, "max_seconds": 60}

    def meanwhile(self, gate: RunningGate) -> None:
        gate.wait(300)
        gate.load_processes()[-1].kill()

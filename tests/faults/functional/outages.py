"""Faults of everything: the hospital cannot be reached, or nothing of it works.

The gate must say so in seconds, not in hours.
"""

# Each manner is given the request, whether it looks at it or not.

from __future__ import annotations

from tests.faults.fault import EVERYTHING
from tests.faults.functional.transport import Drip, Hang, Wire
from tests.faults.proxy import Request


class _Outage(Wire):
    """Whatever is asked for is hit."""

    item, also, seconds = "health-checks", EVERYTHING, 10


class TheHospitalHangs(_Outage, Hang):
    """Every screen in the house waits: connections are taken, and nobody answers."""


class TheHospitalDrips(_Outage, Drip):
    """Every screen shows the beginning of an answer, and none its end."""


class TheHospitalFallsSilent(_Outage, Hang):
    """It works when the gate begins, and dies in the middle of it: so it would in the middle of a
    shift.
    """

    seconds = (
        20  # ten from its death; the gate's start-up and the checks before that count here, too
    )

    def __init__(self) -> None:
        self.left = 150

    def harms(self, request: Request) -> bool:
        self.left -= 1
        return self.left < 0


class TheHospitalIsGone(_Outage):
    """Nothing listens at its address: it was not started, or the address is wrong."""

    listens = False

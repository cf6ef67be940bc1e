"""A total bound on the time of something that is asked, whatever its own client does: no address,
no handshake, a drip of single bytes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from cutover.telemetry.looks import TelemetrySilent

T = TypeVar("T")
SECONDS = 5.0
"""That one question may take; what belongs to it is asked at the same time."""


class NotThere(TelemetrySilent):
    """It answered, and what was asked for is not there. That is a finding, and no silence."""


def bounded(ask: Callable[[], T], ends: float, seconds: float, whom: str) -> T | TelemetrySilent:
    """What `ask` gives; why it gives nothing, where it raises, or has not ended at `ends`
    (`time.monotonic`), `seconds` after the question was put.

    Only a sentence leaves the thread in which it is asked: the frames of what was raised in it hold
    headers. A late thread is left behind; it ends with its own time-outs, and at the latest with
    the process.
    """
    came: list[T | TelemetrySilent] = []

    def asked() -> None:
        try:
            came.append(ask())
        except TelemetrySilent as silent:
            came.append(type(silent)(str(silent)))
        except (
            Exception
        ) as error:  # whatever it is, only its kind is told: its text may hold a header
            came.append(TelemetrySilent(f"{whom} cannot be asked: {type(error).__name__}"))

    thread = threading.Thread(target=asked, daemon=True, name="bounded")
    thread.start()
    thread.join(max(0.0, ends - time.monotonic()))
    return came[0] if came else TelemetrySilent(f"{whom} gave no whole answer within {seconds:g} s")

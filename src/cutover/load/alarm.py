"""Stops a run that does harm: when for ten seconds on end more than 5 % of the requests fail, or
half of them take five times what they may.
"""

from __future__ import annotations

import numpy as np

from cutover.load.claims import ERRORS
from cutover.load.samples import Samples

SECONDS = 10
ERROR_SHARE = 0.05
FEWEST = 20
"""Requests of which one is 5 %.

Seconds with fewer are taken together: a slow load has some without an error.
"""
TIMES = 5.0


def alarmed(samples: Samples, now: float, usual_seconds: float) -> str | None:
    """Why the run must stop, or None.

    `samples` are all so far, `now` is on their clock; `usual_seconds` is what an answer may usually
    take.
    """
    whole = int(now)
    ended = (samples["due"] + samples["took"]).astype(int)
    windows = [samples[ended == second] for second in range(whole - SECONDS, whole)]
    if not len(samples) or samples["due"].min() > whole - SECONDS:
        return None
    if all(map(_fails, filled := _filled(windows))) and filled:
        return (
            f"more than {ERROR_SHARE * 100:g} % of the requests failed, all through the last"
            f" {SECONDS} s"
        )
    if all(_drags(window, usual_seconds * TIMES) for window in windows):
        return (
            f"half of the requests took more than {usual_seconds * TIMES:g} s, {TIMES:g} times what"
            f" they may, in each of the last {SECONDS} s"
        )
    return None


def _filled(windows: list[Samples]) -> list[Samples]:
    """The windows, with neighbours taken together until each has enough; what is left over goes to
    the last.
    """
    filled: list[Samples] = []
    waiting = windows[0][:0]
    for window in windows:
        waiting = np.concatenate([waiting, window])
        if len(waiting) >= FEWEST:
            filled.append(waiting)
            waiting = waiting[:0]
    return [*filled[:-1], np.concatenate([filled[-1], waiting])] if filled else []


def _fails(window: Samples) -> bool:
    return float(np.isin(window["outcome"], ERRORS).mean()) > ERROR_SHARE


def _drags(window: Samples, seconds: float) -> bool:
    """No answer at all in a second is dragging, too: people come all the time."""
    return not len(window) or float(np.median(window["took"])) > seconds

"""Stops a run that does harm: when for ten seconds on end more than 5 % of the requests fail, or half of them take five times what they may."""

from __future__ import annotations

import numpy as np

from cutover.load.claims import ERRORS
from cutover.load.samples import Samples

SECONDS = 10
ERROR_SHARE = 0.05
TIMES = 5.0


def alarmed(samples: Samples, now: float, usual_seconds: float) -> str | None:
    """Why the run must stop, or None. `samples` are all so far, `now` is on their clock; `usual_seconds` is what an answer may usually take."""
    whole = int(now)
    ended = (samples["due"] + samples["took"]).astype(int)
    windows = [samples[ended == second] for second in range(whole - SECONDS, whole)]
    if not len(samples) or samples["due"].min() > whole - SECONDS:
        return None
    if all(_fails(window) for window in windows):
        return f"more than {ERROR_SHARE * 100:g} % of the requests failed in each of the last {SECONDS} s"
    if all(_drags(window, usual_seconds * TIMES) for window in windows):
        return f"half of the requests took more than {usual_seconds * TIMES:g} s, {TIMES:g} times what they may, in each of the last {SECONDS} s"
    return None


def _fails(window: Samples) -> bool:
    return bool(len(window)) and float(np.isin(window["outcome"], ERRORS).mean()) > ERROR_SHARE


def _drags(window: Samples, seconds: float) -> bool:
    """No answer at all in a second is dragging, too: people come all the time."""
    return not len(window) or float(np.median(window["took"])) > seconds

"""Selections of samples: which requests count for an objective, and which speak against it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cutover_gates.probes.load.objectives import Mask, MaskFunction
from cutover_gates.probes.load.request_outcomes import ERROR_OUTCOMES, RequestOutcome
from cutover_gates.probes.load.sample_log import Samples

TimeLimit = Callable[[Samples], NDArray[np.float64]]
"""Returns the seconds that each request may take."""


def select_ended(samples: Samples) -> Mask:
    """Select the requests that ended before the run did."""
    return np.asarray(samples["outcome"] != RequestOutcome.UNFINISHED)


def select_failed(samples: Samples) -> Mask:
    """Select the requests that failed."""
    return np.isin(samples["outcome"], ERROR_OUTCOMES)


def operation_selector(index: int) -> MaskFunction:
    """Return a function that selects the requests of one operation."""
    return lambda samples: np.asarray(samples["operation"] == index)


def connection_selector(flag: int) -> MaskFunction:
    """Return a function that selects the requests whose connection has this flag."""
    return lambda samples: np.asarray((samples["connection"] & flag) != 0)


def same_limit(seconds: float) -> TimeLimit:
    """Return a limit that is the same for all requests."""
    return lambda samples: np.full(len(samples), seconds)


def timed_selector(select: MaskFunction, limit: TimeLimit) -> MaskFunction:
    """Return a function that selects the requests that say something of the time.

    An invalid answer may come at once, and is an error already. A request without an answer at the
    end of the run counts only once it is late.
    """

    def select_timed(samples: Samples) -> Mask:
        outcome, late = samples["outcome"], samples["took"] > limit(samples)
        answered = np.isin(
            outcome,
            (RequestOutcome.SUCCESS, RequestOutcome.NO_ANSWER, RequestOutcome.NOT_SENT),
        )
        overdue = (outcome == RequestOutcome.UNFINISHED) & late
        return np.asarray(select(samples) & (answered | overdue))

    return select_timed


def slow_selector(limit: TimeLimit) -> MaskFunction:
    """Return a function that selects the requests that took longer than their limit.

    A request without an answer counts as slow, whenever it was given up.
    """

    def select_slow(samples: Samples) -> Mask:
        unanswered = np.isin(
            samples["outcome"], (RequestOutcome.NO_ANSWER, RequestOutcome.NOT_SENT)
        )
        return np.asarray((samples["took"] > limit(samples)) | unanswered)

    return select_slow

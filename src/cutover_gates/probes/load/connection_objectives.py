"""The objectives of connections: what is sent on new ones, and what had to be sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cutover_gates.config.performance import Performance
from cutover_gates.core.statistics.sequential_test import ShareLimit
from cutover_gates.probes.load.model import ALL_REQUESTS, NEW_CONNECTIONS
from cutover_gates.probes.load.objectives import PERCENTILE_SHARES, LoadObjective, Mask
from cutover_gates.probes.load.request_outcomes import ConnectionFlags
from cutover_gates.probes.load.sample_log import Samples
from cutover_gates.probes.load.sample_selectors import (
    connection_selector,
    select_ended,
    select_failed,
    slow_selector,
    timed_selector,
)

REQUIRED_STATISTIC = "p95"
"""The percentile that must hold on new connections.

They are a tenth of the requests, which are seldom enough for a higher one: that can be refuted.
"""


def build_connection_objectives(
    performance: Performance, operations: Sequence[str]
) -> Iterator[LoadObjective]:
    """Yield the objectives of requests on new connections, and of those that were sent again."""
    yield _error_objective(performance.error_rate)
    yield _asked_again_objective(performance.asked_again)
    for statistic in ("p95", "p99"):
        limits = [performance.objectives.limits_for(name) for name in operations]
        seconds = [getattr(one, statistic) for one in limits]
        if any(seconds):
            yield _percentile_objective(statistic, seconds)


def _error_objective(error_rate: float) -> LoadObjective:
    """Return the error objective of new connections, which can only be refuted."""

    def select_new(samples: Samples) -> Mask:
        return select_ended(samples) & connection_selector(ConnectionFlags.NEW)(samples)

    return LoadObjective(
        "error-rate",
        NEW_CONNECTIONS,
        "errors",
        f"below {error_rate * 100:g} %",
        error_rate,
        ShareLimit(error_rate),
        select_new,
        select_failed,
        select_failed,
        required=False,
    )


def _asked_again_objective(share: float) -> LoadObjective:
    """Return the objective that few requests are sent again, which can only be refuted.

    What the second attempt could not get is an error besides.
    """
    select_again = connection_selector(ConnectionFlags.ASKED_AGAIN)
    return LoadObjective(
        "error-rate",
        ALL_REQUESTS,
        "asked again",
        f"at most {share * 100:g} %",
        share,
        ShareLimit(share),
        select_ended,
        select_again,
        select_again,
        required=False,
    )


def _percentile_objective(statistic: str, seconds: Sequence[float | None]) -> LoadObjective:
    """Return the objective that new connections keep each operation's own limit.

    An operation without a limit does not count.
    """
    limits = np.array([limit or np.inf for limit in seconds])

    def limit_of(samples: Samples) -> NDArray[np.float64]:
        return np.asarray(limits[samples["operation"]])

    def select_limited(samples: Samples) -> Mask:
        is_new = connection_selector(ConnectionFlags.NEW)(samples)
        return np.asarray(is_new & np.isfinite(limit_of(samples)))

    return LoadObjective(
        "response-times",
        NEW_CONNECTIONS,
        statistic,
        f"within the {statistic} of each operation",
        max(limit for limit in seconds if limit),
        ShareLimit(round(1 - PERCENTILE_SHARES[statistic], 6)),
        timed_selector(select_limited, limit_of),
        slow_selector(limit_of),
        slow_selector(limit_of),
        required=statistic == REQUIRED_STATISTIC,
    )

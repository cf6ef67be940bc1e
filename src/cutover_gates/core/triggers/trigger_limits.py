"""Limits of the triggers; the defaults are the letter of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

UNKNOWN_SHARE = Fraction(1, 5)
"""Share of a trigger's duration that may be unknown within one PENDING; more is not proven."""
COVERED_SHARE = 0.95
"""Share of the evaluations that must have a reading for a trigger to be proven."""
FLAP_ANSWERS = 20
"""Health answers of which the share of failures is shown."""
FLAP_SHARE = Fraction(3, 10)
"""Share of failures among them above which readiness flaps: the step is not proven."""
LOAD_FACTOR = 2
"""Times the load of the baseline above which its response times are no measure."""


@dataclass(frozen=True)
class TriggerLimits:
    """When a condition is true, and how long it must last. Durations are seconds.

    `evaluate_seconds`: from one evaluation to the next. `error_share` and `slow_share` are strict
    upper limits. `rate_seconds`: the window of both shares; `pooled_seconds`: the longer window
    of slow requests where the first holds too few. `health_failures` in a row are allowed.
    """

    evaluate_seconds: float = 5.0
    rate_seconds: float = 60.0
    pooled_seconds: float = 300.0
    error_share: Fraction = Fraction(1, 100)
    error_seconds: float = 300.0
    error_requests: int = 100
    slow_share: Fraction = Fraction(1, 20)
    slow_seconds: float = 600.0
    slow_requests: int = 60
    health_seconds: float = 5.0
    health_failures: int = 3
    start_seconds: float = 60.0
    instances_fire: bool = True
    blind_seconds: float = 120.0
    pool_evaluations: int = 2
    login_failures: int = 3
    log_failures: int = 3
    log_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not 0 < self.evaluate_seconds <= self.rate_seconds <= self.pooled_seconds:
            raise ValueError(
                "evaluate_seconds, rate_seconds and pooled_seconds must be positive and ascend"
            )

    @property
    def longest_step(self) -> float:
        """Seconds between two evaluations above which the watcher itself was late."""
        return 2 * self.evaluate_seconds


def share_of_percent(percent: float) -> Fraction:
    """Return a percentage as an exact share: 1.1 is 11/1000."""
    return Fraction(Decimal(str(percent))) / 100

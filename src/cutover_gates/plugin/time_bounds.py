"""Bounds the time of each check: a check that hangs must end, and one that ran on proves nothing.

pytest-timeout stops a check. Whether it did is seen here: that a timer was set before the fixtures
of the check, and how long the check really took. A timer can be switched off in many ways
(`--timeout=0`, a mark, a debugger, a handler of the check's own).
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import pytest

from cutover_gates.plugin.collection import groups_of
from cutover_gates.plugin.run import PytestRun

BOUND_KEY = pytest.StashKey[float]()
STARTED_KEY = pytest.StashKey[float]()
START_AND_END_SECONDS = 30.0
"""Seconds that a fuzzing run takes beside its budget: to come up, and to clean up."""
TIMEOUT_TEXT = "Timeout (>"
"""The beginning of what pytest-timeout says when it stops a check."""
WITHOUT_BOUND = (
    "without a bound in time a check that hangs is never judged: remove what switches it off"
    " (--timeout=0, PYTEST_TIMEOUT, mark.timeout(0), timeout_func_only)"
)


@dataclass(frozen=True)
class TimeBounds:
    """Seconds after which a check is stopped: of its item, else of its suite, else `default`."""

    default: float
    by_suite: Mapping[str, float] = field(default_factory=dict)
    by_item: Mapping[str, float] = field(default_factory=dict)

    @property
    def longest(self) -> float:
        """The most that any check may take: what exceeds it is as good as no bound."""
        return max(self.default, *self.by_suite.values(), *self.by_item.values())

    def of_check(self, suite: str, items: Collection[str]) -> float | None:
        """Return the bound of a check that needs another one than the default."""
        own = [self.by_item[item] for item in items if item in self.by_item]
        return max(own) if own else self.by_suite.get(suite)


def find_time_bounds(run: PytestRun) -> TimeBounds:
    """Return the bounds that the settings of the target give.

    Some suites stop themselves by a budget. They are stopped only well after it, so that they can
    say what did not fit.
    """
    target = run.settings.chosen_target
    contract, seconds = target.contract, target.limits.check_seconds
    budgets = {
        "migrations": target.migrations.budget_seconds,
        "performance": target.performance.ramp_seconds + target.performance.max_seconds,
        "contract": max(contract.seconds, contract.deep_seconds) + START_AND_END_SECONDS,
    }
    by_suite = {suite: budget + seconds for suite, budget in budgets.items()}
    # The place for a step of Phase 2, which lasts as long as its rollout and a slack.
    by_item: dict[str, float] = {}
    return TimeBounds(seconds, by_suite, by_item)


def find_unbounded_option(config: pytest.Config, bounds: TimeBounds) -> list[str]:
    """Return a sentence where the command line takes the bound of all checks away."""
    seconds = config.getoption("timeout", default=None)
    if seconds is None or 0 < seconds <= bounds.longest:
        return []
    if not seconds > 0:
        return [f"--timeout is {seconds:g}: {WITHOUT_BOUND}"]
    return [
        f"--timeout is {seconds:g} s, and no check may take longer than {bounds.longest:g} s: leave"
        " it out, or raise limits.check_seconds"
    ]


class BoundGuard:
    """Hooks around each check: it has a bound, and its time is measured.

    `holds` gets a sentence at the end of the session for checks whose bound is missing or absurd.
    """

    def __init__(self, bounds: TimeBounds, holds: list[str]) -> None:
        self.bounds, self.holds = bounds, holds
        self._unbounded: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Begin to measure, before the timer is set."""
        item.stash[STARTED_KEY] = monotonic()
        return (yield)

    @pytest.hookimpl(wrapper=True, optionalhook=True)
    def pytest_timeout_set_timer(
        self, item: pytest.Item, settings: Any
    ) -> Generator[None, Any, Any]:
        """Note the bound of a timer that was set."""
        is_set = yield
        if is_set:
            item.stash[BOUND_KEY] = float(settings.timeout)
        return is_set

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Look for the bound before the first fixture, which may hang as well."""
        bound = item.stash.get(BOUND_KEY, 0.0)
        if groups_of(item) and not 0 < bound <= self.bounds.longest:
            self._unbounded.append(item.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hold the run once for all such checks; an option that causes it is reported by itself."""
        count = len(self._unbounded)
        if not count or find_unbounded_option(session.config, self.bounds):
            return
        more = f" and {count - 1} more checks" if count > 1 else ""
        self.holds.append(
            f"{self._unbounded[0]}{more} had no bound of at most {self.bounds.longest:g} s:"
            f" {WITHOUT_BOUND}"
        )


def find_outlived_bound(item: pytest.Item) -> float:
    """Return the bound in seconds that a check has outlived by now; 0 where it has not."""
    bound = item.stash.get(BOUND_KEY, 0.0)
    started = item.stash.get(STARTED_KEY, None)
    return bound if bound and started is not None and monotonic() - started > bound else 0.0

"""Fills up a step of a rollout that has too few answers of the new release, within a declared cap.

Only reading paths are asked, at moments drawn by chance. Where the settings name a header that pins
a request to the new release, all of these probes go there. They have names of their own
(`probe_results`): they prove that the new release fails seldom, and tell nothing of its share.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.watch.probe_loop import LONGEST, SHORTEST
from cutover_gates.watch.probe_results import EXTRA, PINNED, UNDECIDED, PathProbe
from cutover_gates.watch.step_lines import NEEDED, read_steps
from cutover_gates.watch.time_spans import Span

READING = ("read", "search", "download")
"""The paths that may be asked more often: they change nothing."""
AT_ONCE = 8
"""Probes under way. A release that hangs must not take the threads of the other probes."""
HELD_SECONDS = 5.0
"""Seconds without such probes after a gap of the watcher's own: they may be what delays it."""
FAILURE_WORTH = 0.5
"""A failure makes about half as many answers necessary as the proof without one needs."""


@dataclass(frozen=True)
class FillSettings:
    """How a step is filled up: `rate` probes a second of `paths`, at most `most` in a step.

    `longest_seconds`: how long a step may be live. `is_pinned`: they go to the new release only.
    """

    rate: float
    most: int
    paths: Sequence[str]
    longest_seconds: float
    is_pinned: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the paths as these probes have them."""
        return tuple(f"{path}{PINNED if self.is_pinned else EXTRA}" for path in self.paths)


@dataclass
class StepFill:
    """Says which further probes are due. Where a trigger `has_fired` none is.

    It counts the answers of `release` since the first step, as the limit of errors does. Safe under
    threads.
    """

    settings: FillSettings
    release: str
    has_fired: Callable[[], bool] = lambda: False
    random: Random = field(default_factory=SystemRandom)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._live: RolloutStep | None = None
        self._percent = 0
        self._ended: set[tuple[int, float]] = set()
        self._needed = self._answers = self._failures = self._sent = self._under_way = 0
        self._next = self._held_until = 0.0

    def add_head(self, head: Mapping[str, Any]) -> None:
        """Take in the first line of a file of the record: a step begins or ends by it."""
        if head.get("release") != self.release or not self.settings.names:
            return
        try:
            steps, needed = read_steps(head), int(head.get(NEEDED, 0))
        except (ValueError, TypeError):
            return  # the gates name it
        with self._lock:
            for step in steps:
                if step.ends is not None:
                    self._end(step)
                # Files of one second are found in any order: an end before its beginning.
                elif (step.percent, step.begins) not in self._ended:
                    self._begin(step, needed)

    def add_result(self, result: PathProbe) -> None:
        """Count the answers of the new release while a step is live."""
        with self._lock:
            self._under_way -= result.is_extra
            is_own = result.release == self.release and result.outcome not in UNDECIDED
            if self._live and is_own and result.started >= self._live.begins:
                self._answers += 1
                self._failures += result.failed

    def add_own_gap(self, span: Span) -> None:
        """Send nothing for a while: the watcher has enough to do."""
        with self._lock:
            self._held_until = max(self._held_until, span.ends + HELD_SECONDS)

    def take_due(self, now: float) -> list[str]:
        """Return the paths of the probes that are to be sent now."""
        with self._lock:
            if not self._is_short(now):
                self._next = now
                return []
            # What was due while nothing could be sent is not made up for.
            if now - self._next > LONGEST / self.settings.rate:
                self._next = now
            due = []
            while self._next <= now:
                self._next += self.random.uniform(SHORTEST, LONGEST) / self.settings.rate
                if self._under_way < AT_ONCE and self._sent < self.settings.most:
                    due.append(self.random.choice(self.settings.names))
                    self._sent += 1
                    self._under_way += 1
            return due

    def _begin(self, step: RolloutStep, needed: int) -> None:
        # A step that is no larger than the one before begins the rollout anew.
        if step.percent <= self._percent:
            self._answers = self._failures = 0
        self._live, self._percent, self._needed, self._sent = step, step.percent, needed, 0

    def _end(self, step: RolloutStep) -> None:
        self._ended.add((step.percent, step.begins))
        if self._live and (self._live.percent, self._live.begins) in self._ended:
            self._live = None

    def _is_short(self, now: float) -> bool:
        """Return whether a live step needs more answers than there are."""
        if self._live is None or now < self._held_until or self.settings.rate <= 0:
            return False
        is_live = now - self._live.begins < self.settings.longest_seconds
        needed = self._needed * (1 + FAILURE_WORTH * self._failures)
        return is_live and self._answers < needed and not self.has_fired()

"""How long a step of a rollout is live: its time, and longer where it has too few answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin.step_watcher import StepWatcher

POLL_SECONDS = 1.0
LOOK_SECONDS = 3.0
"""Seconds between two looks for what a step still lacks, at least."""
LOOK_PAUSES = 9.0
"""How many times longer the pause is than the look: the watcher needs the processors, too.

After an hour with twenty probes a second a look takes a second of processor time.
"""
SLACK_PART, MOST_SLACK_SECONDS = 0.05, 10.0
"""What a prolonged step leaves of its longest time for its end: a part, and the most."""


@dataclass(frozen=True)
class StepEnd:
    """How a step ended: `why` is empty where it was live for its whole time.

    `missing` is what it still lacked after it had been prolonged for as long as it may be.
    """

    step: RolloutStep
    why: str = ""
    missing: str = ""


@dataclass
class DwellClock:
    """Waits until a step has been live for its time, or may not go on.

    A step that then lacks answers (`find_missing`) is live for longer, up to `longest` seconds,
    where no trigger is pending (`is_pending`). It does not end while another process of the gate
    runs checks that are asked while it is live (`is_held`). `clock` is in seconds since 1970,
    `pause` waits, `show` tells how far it is.
    """

    step: RolloutStep
    seconds: float
    watcher: StepWatcher
    show: Callable[[str], None]
    clock: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    longest: float = 0.0
    find_missing: Callable[[RolloutStep], str] = lambda _: ""
    is_pending: Callable[[], bool] = lambda: False
    is_held: Callable[[], bool] = lambda: False

    def wait(self) -> StepEnd:
        """Return the step with its end. A trigger that fires ends it at once."""
        # The wall clock may be set while the step is live: what is waited is counted by the other.
        began = self.monotonic() - self.step.lived_seconds(self.clock())
        while not (why := self._find_reason()):
            left = self.seconds - (lived := self._lived(began))
            if left <= 0 and not self.is_held():
                break
            self.show(f"{self.step.percent} %: live for {lived:.0f} of {self.seconds:g} s")
            self.pause(min(POLL_SECONDS, left) if left > 0 else POLL_SECONDS)
        missing = ""
        if not why and not self.is_pending():
            why, missing = self._prolong(began)
        return StepEnd(self.step.end_at(self.clock()), why, missing)

    def _lived(self, began: float) -> float:
        return self.monotonic() - began

    def _prolong(self, began: float) -> tuple[str, str]:
        """Wait for the answers that are missing; return why it ended before, and what it lacks."""
        latest = self.longest - min(MOST_SLACK_SECONDS, SLACK_PART * self.longest)
        due, missing = self.monotonic(), ""
        while not (why := self._find_reason()):
            if (started := self.monotonic()) >= due:
                missing = self.find_missing(self.step.end_at(self.clock()))
                took = self.monotonic() - started
                due = started + took + max(LOOK_SECONDS, LOOK_PAUSES * took)
            lived = self._lived(began)
            if not missing or lived >= latest:
                return "", missing
            self.show(
                f"{self.step.percent} %: live for {lived:.0f} s, at most {self.longest:g} s, until"
                f" it has enough answers: {missing}"
            )
            self.pause(min(POLL_SECONDS, latest - lived))
        return why, ""

    def _find_reason(self) -> str:
        if fired := self.watcher.list_fired():
            return f"a trigger fired ({', '.join(fired)})"
        return "" if self.watcher.runs else "the watcher does not run any more"

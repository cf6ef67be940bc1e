"""The time of a gate: its steps and their progress, what the time went on, and what is left.

progress = StepProgress(context.report_progress, "unique values", total=rows, unit="rows")
with progress.show_step("patients.patients_pkey", 1_000_000):
    …
progress.tick()     # from time to time, also within a step

The server says nothing of a long query while it works, so the part of a step that is done is
estimated by the rate so far. Who ran out of time is told which steps took longest.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BAR_WIDTH = 20
# A step is never called done before it is: its estimated part stays below this share.
_LARGEST_PART = 0.95
_FILE = "time-spent.jsonl"
# The most steps that are named: the longest ones are what can be shortened.
_NAMED_STEPS = 4


def _read_clock() -> float:
    return time.monotonic()


@dataclass
class StepProgress:
    """The progress over `total` units of work (rows, or MB), shown as a line.

    Within a step the part that is done is estimated by the rate so far, or set by `advance_to`.
    """

    report: Callable[[str], None] = field(repr=False)
    title: str
    total: float
    unit: str = "rows"
    _done: float = 0
    _step: str = ""
    _weight: float = 0
    _known_part: float | None = None
    _began: float = field(default_factory=_read_clock)
    _step_began: float = field(default_factory=_read_clock)

    @contextmanager
    def show_step(self, name: str, weight: float) -> Iterator[None]:
        """Count the block as a step of that weight, and show its beginning."""
        self._step, self._weight, self._known_part = name, weight, None
        self._step_began = _read_clock()
        self.tick()
        try:
            yield
        finally:
            self._done, self._step, self._weight = self._done + self._weight, "", 0

    def advance_to(self, part: float) -> None:
        """Set how much of the running step is done, where that is known."""
        self._known_part = part

    def tick(self) -> None:
        """Show the line."""
        self.report(self.describe())

    def describe(self) -> str:
        """Return `unique values: [##…] t.i, 2 of about 9 rows, 5 rows/s, 0:14 left`."""
        seconds = _read_clock() - self._began
        done = min(self._done + self._estimate_part(), self.total)
        rate = done / seconds if seconds else 0
        bar = ("#" * round(BAR_WIDTH * done / max(self.total, 1))).ljust(BAR_WIDTH, ".")
        left = _format_seconds((self.total - done) / rate) if rate and done else "some time"
        step = f"{self._step}, " if self._step else ""
        return (
            f"{self.title}: [{bar}] {step}{done:,.0f} of about {self.total:,.0f} {self.unit},"
            f" {rate:,.0f} {self.unit}/s, {left} left"
        )

    def _estimate_part(self) -> float:
        if self._known_part is not None:
            return min(self._known_part, _LARGEST_PART * self._weight)
        before = self._step_began - self._began
        if not self._done or before <= 0:
            return 0
        by_rate = self._done / before * (_read_clock() - self._step_began)
        return min(by_rate, _LARGEST_PART * self._weight)


def _format_seconds(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


@contextmanager
def record_step(folder: Path, step: str) -> Iterator[None]:
    """Record the time of the block as a step of the gate, in a folder that its processes share."""
    _append(folder, step, begins=True)
    try:
        yield
    finally:
        _append(folder, step, begins=False)


def describe_steps(folder: Path) -> str:
    """Return the steps that took longest, such as `restoring the backup 512 s, rows 40 s`."""
    longest = sorted(_sum_steps(folder).items(), key=lambda one: -one[1])[:_NAMED_STEPS]
    return ", ".join(f"{step} {seconds:.0f} s" for step, seconds in longest if seconds >= 1)


def _sum_steps(folder: Path) -> dict[str, float]:
    """Return the seconds of each step; one that has not ended counts up to now."""
    totals, running = defaultdict[str, float](float), Counter[str]()
    for line in _read_lines(folder):
        step, sign = str(line["step"]), -1 if line["begins"] else 1
        totals[step] += sign * float(line["at"])
        running[step] -= sign
    now = time.time()
    return {step: total + now * running[step] for step, total in totals.items()}


def _read_lines(folder: Path) -> list[dict[str, Any]]:
    try:
        text = (folder / _FILE).read_text(encoding="utf-8")
    except OSError:
        return []
    return [json.loads(line) for line in text.splitlines()]


def _append(folder: Path, step: str, *, begins: bool) -> None:
    line = json.dumps({"step": step, "at": time.time(), "begins": begins})
    folder.mkdir(parents=True, exist_ok=True)
    # One short write at the end of a file is whole, whichever process makes it.
    with (folder / _FILE).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


@dataclass(frozen=True)
class Budget:
    """The seconds that a gate may take, up to a moment that is the same in all its processes.

    `ends` is a `time.time()`. `share` says which part of a gate's time it is; empty for all of it.
    """

    ends: float
    share: str = ""

    @property
    def remaining_seconds(self) -> float:
        """The seconds that are left; 0 when the budget is spent."""
        return max(0.0, self.ends - time.time())

    def take_share(self, share: float) -> Budget:
        """Return a share of what is left, for a question that may not use up the time of others."""
        left = self.remaining_seconds
        if share >= 1:
            return self
        text = f"its share, {left * share:.0f} s of the {left:.0f} s that were left of the gate"
        return Budget(time.time() + left * share, text)

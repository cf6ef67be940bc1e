"""The progress of steps of which the server says nothing while it works: rate and time left.

progress = StepProgress(context, "unique values", total=rows, unit="rows")
with progress.show_step("patients.patients_pkey", 1_000_000):
    …
progress.tick()     # from time to time, also within a step
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cutover_gates.probes.database.context import DatabaseContext

BAR_WIDTH = 20
# A step is never called done before it is: its estimated part stays below this share.
_LARGEST_PART = 0.95


def _read_clock() -> float:
    return time.monotonic()


@dataclass
class StepProgress:
    """The progress over `total` units of work (rows, or MB), shown as a line.

    Within a step the part that is done is estimated by the rate so far, or set by `advance_to`.
    """

    context: DatabaseContext
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
        self.context.report_progress(self.describe())

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

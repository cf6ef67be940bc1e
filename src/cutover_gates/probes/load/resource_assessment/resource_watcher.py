"""Looks at the target and its database once a second, beside the run, and never holds the run up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from cutover_gates.core.database_activity import DatabaseActivity
from cutover_gates.util.resource_sample import ResourceSample, ResourceSource, SourceUnavailable

MAX_WAIT_SECONDS = 1.7
"""That the end of a run waits for a look that is still out."""


class _TimedSample(Protocol):
    @property
    def at(self) -> float: ...


class ActivitySource(Protocol):
    """Whoever samples the target's database. A sample that fails says so, and does not raise."""

    def sample(self) -> DatabaseActivity: ...

    def close(self) -> None: ...


T = TypeVar("T", bound=_TimedSample)


class PollingThread(Generic[T]):
    """A thread that looks `every` seconds, for the first time at once and for the last time when
    told to stop. A look that fails is kept too.
    """

    def __init__(
        self,
        look: Callable[[], T],
        blind: Callable[[float, str], T],
        every: float,
        leave: Callable[[], None],
    ) -> None:
        self._look, self._blind, self._every, self._leave = look, blind, every, leave
        self._stop = threading.Event()
        self._seen: list[T] = []
        self._begun = time.time()  # the look that is out
        self._thread = threading.Thread(target=self._run, daemon=True, name="watching the target")
        self._thread.start()

    def stop(self) -> None:
        """The next look is the last one. Does not wait."""
        self._stop.set()

    def collect_samples(self, patience: float) -> tuple[T, ...]:
        """What was seen, after at most `patience` seconds.

        A look that is still out then counts as failed, with all that were due meanwhile.
        """
        self._thread.join(max(0.0, patience))
        if not self._thread.is_alive():
            return tuple(self._seen)
        begun, lost = self._begun, time.time() - self._begun
        hung = [
            self._blind(begun + self._every * number, f"a look took more than {lost:.0f} s")
            for number in range(1 + int(lost / self._every))
        ]
        return (*self._seen, *hung)

    def _run(self) -> None:
        due, last = time.monotonic(), False
        while not last:
            last = self._stop.wait(max(0.0, due - time.monotonic()))
            self._begun = time.time()
            self._seen.append(self._take_sample())
            due = max(due + self._every, time.monotonic())
        self._leave()

    def _take_sample(self) -> T:
        try:
            return self._look()
        except SourceUnavailable as silent:
            return self._blind(time.time(), str(silent))
        except Exception as error:  # a source that is broken proves nothing, and must not end the thread: its text may hold anything
            return self._blind(time.time(), f"the look failed: {type(error).__name__}")


class ResourceWatcher:
    """Watches during its block.

    After it, `resource_samples` and `activity_samples` hold all that was seen, failed looks too; None where there was
    nobody to ask.
    """

    def __init__(
        self, source: ResourceSource | None, gauge: ActivitySource | None, every: float = 1.0
    ) -> None:
        """`gauge` is closed at the end."""
        self._source, self._gauge, self._every = source, gauge, every
        self.resource_samples: tuple[ResourceSample, ...] | None = None
        self.activity_samples: tuple[DatabaseActivity, ...] | None = None

    def __enter__(self) -> Self:
        self._of_source = (
            PollingThread(
                self._source.take_sample, ResourceSample.from_failure, self._every, lambda: None
            )
            if self._source
            else None
        )
        self._of_gauge = (
            PollingThread(
                self._gauge.sample, DatabaseActivity.failed_sample, self._every, self._gauge.close
            )
            if self._gauge
            else None
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for rounds in (self._of_source, self._of_gauge):
            if rounds:
                rounds.stop()
        ends = time.monotonic() + MAX_WAIT_SECONDS
        self.resource_samples = (
            self._of_source.collect_samples(ends - time.monotonic()) if self._of_source else None
        )
        self.activity_samples = (
            self._of_gauge.collect_samples(ends - time.monotonic()) if self._of_gauge else None
        )

    def select_window(
        self, begins: float, ends: float
    ) -> tuple[tuple[ResourceSample, ...] | None, tuple[DatabaseActivity, ...] | None]:
        """What was seen between two moments (seconds since the epoch), such as those between which
        the run is judged.

        With it comes the first look after them: only that one tells what was counted last.
        """
        return _select_samples(self.resource_samples, begins, ends), _select_samples(
            self.activity_samples, begins, ends
        )


def _select_samples(seen: tuple[T, ...] | None, begins: float, ends: float) -> tuple[T, ...] | None:
    if seen is None:
        return None
    inside = [one for one in seen if begins <= one.at <= ends]
    return (*inside, *[one for one in seen if one.at > ends][:1])

"""The watcher: it samples the target and its database once a second, and never delays the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from cutover_gates.core.database_activity import DatabaseActivity
from cutover_gates.probes.load.resource_usage.resource_sample import (
    ResourceSample,
    ResourceSource,
)
from cutover_gates.util.http import SourceUnavailable

MAX_WAIT_SECONDS = 1.7
"""Seconds for which the end of a run waits for a sample that is still being taken."""


class _TimedSample(Protocol):
    @property
    def at(self) -> float: ...


class ActivitySource(Protocol):
    """Samples the target's database. A sample that fails says so, and does not raise."""

    def sample(self) -> DatabaseActivity:
        """Take a sample."""

    def close(self) -> None:
        """Close the connection."""


T = TypeVar("T", bound=_TimedSample)


class PollingThread(Generic[T]):
    """A thread that takes a sample every `every` seconds, and keeps those that failed too.

    The first sample is taken at once, the last one when the thread is told to stop.
    """

    def __init__(
        self,
        take_sample: Callable[[], T],
        failed_sample: Callable[[float, str], T],
        every: float,
        close: Callable[[], None],
    ) -> None:
        self._sample_source, self._failed_sample = take_sample, failed_sample
        self._every, self._close = every, close
        self._stop = threading.Event()
        self._samples: list[T] = []
        self._started = time.time()
        self._thread = threading.Thread(target=self._run, daemon=True, name="resource watcher")
        self._thread.start()

    def stop(self) -> None:
        """Make the next sample the last one. Does not wait."""
        self._stop.set()

    def collect_samples(self, patience: float) -> tuple[T, ...]:
        """Return the samples, after at most `patience` seconds.

        A sample that is still being taken then counts as failed, with all that were due meanwhile.
        """
        self._thread.join(max(0.0, patience))
        if not self._thread.is_alive():
            return tuple(self._samples)
        started, lost = self._started, time.time() - self._started
        reason = f"a sample took more than {lost:.0f} s"
        hung = [
            self._failed_sample(started + self._every * number, reason)
            for number in range(1 + int(lost / self._every))
        ]
        return (*self._samples, *hung)

    def _run(self) -> None:
        due, last = time.monotonic(), False
        while not last:
            last = self._stop.wait(max(0.0, due - time.monotonic()))
            self._started = time.time()
            self._samples.append(self._take_sample())
            due = max(due + self._every, time.monotonic())
        self._close()

    def _take_sample(self) -> T:
        try:
            return self._sample_source()
        except SourceUnavailable as error:
            return self._failed_sample(time.time(), str(error))
        except (
            Exception
        ) as error:  # a broken source must not end the thread; its text may be secret
            return self._failed_sample(time.time(), f"the sample failed: {type(error).__name__}")


class ResourceWatcher:
    """Takes samples during its `with` block.

    After it, `resource_samples` and `activity_samples` hold all of them, failed ones too; None
    where there is no source.
    """

    def __init__(
        self, source: ResourceSource | None, sampler: ActivitySource | None, every: float = 1.0
    ) -> None:
        """Watch `source` and `sampler`. The sampler is closed at the end."""
        self._source, self._sampler, self._every = source, sampler, every
        self._source_thread: PollingThread[ResourceSample] | None = None
        self._sampler_thread: PollingThread[DatabaseActivity] | None = None
        self.resource_samples: tuple[ResourceSample, ...] | None = None
        self.activity_samples: tuple[DatabaseActivity, ...] | None = None

    def __enter__(self) -> Self:
        if self._source:
            self._source_thread = PollingThread(
                self._source.take_sample, ResourceSample.from_failure, self._every, lambda: None
            )
        if self._sampler:
            self._sampler_thread = PollingThread(
                self._sampler.sample,
                DatabaseActivity.failed_sample,
                self._every,
                self._sampler.close,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Both are told first, so that both take their last sample at the same moment.
        for thread in (self._source_thread, self._sampler_thread):
            if thread:
                thread.stop()
        end = time.monotonic() + MAX_WAIT_SECONDS
        if self._source_thread:
            self.resource_samples = self._source_thread.collect_samples(end - time.monotonic())
        if self._sampler_thread:
            self.activity_samples = self._sampler_thread.collect_samples(end - time.monotonic())

    def select_window(
        self, start: float, end: float
    ) -> tuple[tuple[ResourceSample, ...] | None, tuple[DatabaseActivity, ...] | None]:
        """Return the samples between two moments (seconds since the epoch).

        The first sample after them is included: only that one holds what was counted last.
        """
        return (
            _select_samples(self.resource_samples, start, end),
            _select_samples(self.activity_samples, start, end),
        )


def _select_samples(samples: Sequence[T] | None, start: float, end: float) -> tuple[T, ...] | None:
    if samples is None:
        return None
    inside = [sample for sample in samples if start <= sample.at <= end]
    after = [sample for sample in samples if sample.at > end]
    return (*inside, *after[:1])

"""Sends the probes at their planned moments, and measures its own lag.

One thread keeps the plan, others send: an answer that does not come delays no other probe. Threads
are enough here, since a probe waits for the network most of its time, and what they cost is seen as
lag (`docs/decisions/0075-threads-of-the-watcher.md`).
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random, SystemRandom

from cutover_gates.watch.probe_outcomes import ProbeRunner
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import BEAT, BEAT_SECONDS, LAG_SECONDS, OWN_GAP, PROBE
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.time_spans import Span

SHORTEST, LONGEST = 0.5, 1.5
"""The bounds of a pause, in intervals.

Each pause is drawn anew between them. Equal pauses would meet a weighted round robin at the same
place of its cycle, and would never ask one of the instances.
"""


@dataclass
class ArrivalPlan:
    """The next moments of all paths. `intervals` are mean seconds by path."""

    intervals: Mapping[str, float]
    random: Random = field(default_factory=SystemRandom)

    def __post_init__(self) -> None:
        self._due: list[tuple[float, float, str]] = []

    def begin(self, now: float) -> None:
        """Plan the first probe of each path within its first interval."""
        for path, interval in self.intervals.items():
            self._plan(path, now + interval * self.random.random())

    @property
    def next_moment(self) -> float:
        """The moment of the next probe."""
        return self._due[0][0]

    def take_due(self, now: float) -> list[tuple[str, float]]:
        """Return the probes that are due, with their moments, and plan the next of each path."""
        due = []
        while self._due and self._due[0][0] <= now:
            moment, _, path = heapq.heappop(self._due)
            due.append((path, moment))
            self._plan(path, moment + self._draw_pause(path))
        return due

    def _draw_pause(self, path: str) -> float:
        return self.intervals[path] * self.random.uniform(SHORTEST, LONGEST)

    def _plan(self, path: str, moment: float) -> None:
        # The second value orders probes of one moment by chance.
        heapq.heappush(self._due, (moment, self.random.random(), path))


LONGEST_SLEEP = 0.05
"""The plan's thread looks that often whether it runs in time."""
MOST_THREADS = 64


@dataclass
class ProbeLoop:
    """The loop. `on_result` is called for each result, by the thread that has it.

    `on_own_gap` is called for each gap of the watcher's own. `take_extra` returns the paths of the
    probes beside the plan that are to be sent at a moment.
    """

    plan: ArrivalPlan
    runner: ProbeRunner
    writer: RecordWriter
    on_result: Callable[[PathProbe], None] = lambda _: None
    on_own_gap: Callable[[Span], None] = lambda _: None
    ended: threading.Event = field(default_factory=threading.Event)
    take_extra: Callable[[float], Sequence[str]] = lambda _: ()

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="probe")
        self._free = threading.Semaphore(MOST_THREADS)
        self._next_beat = 0.0

    def run(self, until: float) -> None:
        """Send probes until the moment `until`, or until `ended` is set. Waits for the answers."""
        clock = self.writer.clock
        self.plan.begin(clock())
        last = clock()
        while not self.ended.is_set() and (now := clock()) < until:
            last = self._note_lag(last, now)
            self._beat(now)
            for path, planned in self.plan.take_due(now):
                self._send(path, planned)
            for path in self.take_extra(now):
                self._send(path, clock())
            wake = min(self.plan.next_moment, clock() + LONGEST_SLEEP, until)
            self.ended.wait(max(0.0, wake - clock()))
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _note_lag(self, last: float, now: float) -> float:
        """Write down that this thread did not run for longer than it should have slept."""
        if now - last > LONGEST_SLEEP + LAG_SECONDS:
            self._add_own_gap(Span(last, now), "the watcher did not run")
        return now

    def _add_own_gap(self, span: Span, why: str) -> None:
        self.writer.write(OWN_GAP, begins=span.begins, ends=span.ends, why=why)
        self.on_own_gap(span)

    def _beat(self, now: float) -> None:
        if now >= self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            self.writer.write(BEAT)

    def _send(self, path: str, planned: float) -> None:
        now = self.writer.clock()
        # After a stop of the watcher, all that was due meanwhile would be a load.
        if now - planned > LAG_SECONDS:
            return
        if not self._free.acquire(blocking=False):
            self._record(_skip(path, planned, now, f"{MOST_THREADS} probes wait for answers"))
            return
        self._threads.submit(self._run_probe, path, planned)

    def _run_probe(self, path: str, planned: float) -> None:
        try:
            started = self.writer.clock()
            if started - planned > LAG_SECONDS:
                self._add_own_gap(Span(planned, started), "a probe began late")
                self._record(_skip(path, planned, started, "the watcher was late"))
                return
            self._record(self.runner.run(path, planned))
        finally:
            self._free.release()

    def _record(self, result: PathProbe) -> None:
        self.writer.write(PROBE, **result.to_plain())
        self.on_result(result)


def _skip(path: str, planned: float, now: float, why: str) -> PathProbe:
    return PathProbe(path, planned, now, 0.0, ProbeOutcome.SKIPPED, why)

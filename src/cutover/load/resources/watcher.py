"""Looks at the target and its database once a second, beside the run, and never holds the run up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from cutover.database.pressure import Gauge, Pressure
from cutover.database.session import DatabaseSilent
from cutover.telemetry import Look, Source, TelemetrySilent

LEAVE_SECONDS = 1.7
"""That the end of a run waits for a look that is still out."""


class _Timed(Protocol):
    @property
    def at(self) -> float: ...


T = TypeVar("T", bound=_Timed)


class Rounds(Generic[T]):
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

    def seen(self, patience: float) -> tuple[T, ...]:
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
            self._seen.append(self._once())
            due = max(due + self._every, time.monotonic())
        self._leave()

    def _once(self) -> T:
        try:
            return self._look()
        except (TelemetrySilent, DatabaseSilent) as silent:
            return self._blind(time.time(), str(silent))
        except Exception as error:  # a source that is broken proves nothing, and must not end the thread: its text may hold anything
            return self._blind(time.time(), f"the look failed: {type(error).__name__}")


class Watcher:
    """Watches during its block.

    After it, `looks` and `pressures` hold all that was seen, failed looks too; None where there was
    nobody to ask.
    """

    def __init__(self, source: Source | None, gauge: Gauge | None, every: float = 1.0) -> None:
        """`gauge` is closed at the end."""
        self._source, self._gauge, self._every = source, gauge, every
        self.looks: tuple[Look, ...] | None = None
        self.pressures: tuple[Pressure, ...] | None = None

    def __enter__(self) -> Self:
        self._of_source = (
            Rounds(self._source.look, Look.blind, self._every, lambda: None)
            if self._source
            else None
        )
        self._of_gauge = (
            Rounds(self._gauge.look, Pressure.blind, self._every, self._gauge.close)
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
        ends = time.monotonic() + LEAVE_SECONDS
        self.looks = self._of_source.seen(ends - time.monotonic()) if self._of_source else None
        self.pressures = self._of_gauge.seen(ends - time.monotonic()) if self._of_gauge else None

    def within(
        self, begins: float, ends: float
    ) -> tuple[tuple[Look, ...] | None, tuple[Pressure, ...] | None]:
        """What was seen between two moments (seconds since the epoch), such as those between which
        the run is judged.

        With it comes the first look after them: only that one tells what was counted last.
        """
        return _within(self.looks, begins, ends), _within(self.pressures, begins, ends)


def _within(seen: tuple[T, ...] | None, begins: float, ends: float) -> tuple[T, ...] | None:
    if seen is None:
        return None
    inside = [one for one in seen if begins <= one.at <= ends]
    return (*inside, *[one for one in seen if one.at > ends][:1])

"""How far a measurement is: tables, rows, rate, time left. A bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from cutover.database.rows.tallies import Seen
from cutover.database.site import Site

EVERY = 5.0
"""Seconds between two lines."""


class Progress:
    """`with Progress(site, "snapshot") as progress: measure(…, watch=progress)`."""

    def __init__(self, site: Site, title: str) -> None:
        self._site, self._title = site, title
        self._said = time.monotonic()
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
        return self

    def __call__(self, seen: Seen) -> None:
        if self._bar is not None:
            task = self._tasks.get(seen.what)
            if task is None:
                task = self._tasks[seen.what] = self._bar.add_task(f"{self._title}: {seen.what}", total=1.0)
            self._bar.update(task, completed=seen.fraction, description=f"{self._title}: {line(seen)}")
        elif time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self._site.say(f"{self._title}: {line(seen)}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()


def line(seen: Seen) -> str:
    """`12 of 40 tables compared, 3,400,000 rows, 1,250,000 rows/s, 0:34 left`."""
    rate = seen.rows / seen.seconds if seen.seconds else 0
    left = seen.seconds * (1 - seen.fraction) / seen.fraction if seen.fraction else None
    shown = f"{int(left) // 60}:{int(left) % 60:02}" if left is not None else "some time"
    return f"{seen.done} of {seen.tables} tables {seen.what}, {seen.rows:,} rows, {rate:,.0f} rows/s, {shown} left"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    return Bars(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True), transient=True)

"""How far a measurement is: a bar, tables, rows, rate, time left.

Whoever shows the line decides how often, and over what.
"""

from __future__ import annotations

import time

from cutover.database.rows.tallies import Seen
from cutover.database.site import Site

EVERY = 0.2
"""Seconds between two lines: as often as a reader sees a difference."""
WIDTH = 20


class Progress:
    """`measure(…, watch=Progress(site, "snapshot"))`."""

    def __init__(self, site: Site, title: str) -> None:
        self._site, self._title = site, title
        self._said = time.monotonic()

    def __call__(self, seen: Seen) -> None:
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self._site.say(f"{self._title}: {line(seen)}")


def line(seen: Seen) -> str:
    """`[#####...............] 12 of 40 tables compared, 3,400,000 rows, 1,250,000 rows/s, 0:34
    left`.
    """
    rate = seen.rows / seen.seconds if seen.seconds else 0
    left = seen.seconds * (1 - seen.fraction) / seen.fraction if seen.fraction else None
    shown = f"{int(left) // 60}:{int(left) % 60:02}" if left is not None else "some time"
    bar = ("#" * round(WIDTH * seen.fraction)).ljust(WIDTH, ".")
    return (
        f"[{bar}] {seen.done} of {seen.tables} tables {seen.what}, {seen.rows:,} rows, {rate:,.0f}"
        f" rows/s, {shown} left"
    )

"""The limit of sign-ins that a target allows, kept across threads, processes and runs.

A target counts the sign-ins of all of them together. So their times are kept in one file for each
target, which belongs to the user of this machine.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from cutover_gates.core.file_lock import lock_file
from cutover_gates.hospital import MappingError


def sign_in_times_file(base_url: str) -> Path:
    """Return the file with the times of this target's sign-ins, readable for this user only.

    Raises `MappingError` where the folder belongs to another user: with a link in it they could
    make this process overwrite any of its own files.
    """
    folder = Path(tempfile.gettempdir(), f"cutover-sign-ins-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise MappingError(
            f"{folder}, where the times of sign-ins are kept, belongs to another user: remove it,"
            " or set TMPDIR"
        )
    return folder / f"{sha256(base_url.encode()).hexdigest()[:24]}.json"


class SignInRateLimit:
    """A limit of `most` sign-ins at `base_url` within `seconds`; no limit where `most` is None.

    A sign-in is sent no sooner than `seconds` after the answer to the one whose place it takes.
    Then the target agrees, whether it counts from the request or from the answer.
    """

    def __init__(
        self,
        base_url: str,
        most: int | None,
        seconds: float = 60.0,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url, self._most, self._seconds = base_url, most, seconds
        self._clock, self._sleep = clock, sleep
        self._wait = 0.0

    @contextmanager
    def wait_for_slot(self) -> Iterator[None]:
        """Wait until one more sign-in is allowed; the block sends it."""
        if self._most is None:
            yield
            return
        while (began := self._try_begin(self._most)) is None:
            self._sleep(self._wait)
        try:
            yield
        finally:
            self._record_end(began)

    def _try_begin(self, most: int) -> float | None:
        """Return the time at which the slot began; None where none is free for `_wait` seconds."""
        with self._lock_times() as times:
            now = self._clock()
            if len(times) < most:
                times.append(now)
                return now
            self._wait = max(0.01, times[-most] + self._seconds - now)
            return None

    def _record_end(self, began: float) -> None:
        with self._lock_times() as times:
            if began in times:
                times.remove(began)
            times.append(self._clock())

    @contextmanager
    def _lock_times(self) -> Iterator[list[float]]:
        """Yield the times that still count, oldest first.

        Changes to the list are written back. No other process reads or writes it meanwhile.
        """
        with sign_in_times_file(self._base_url).open("a+", encoding="ascii") as file:
            lock_file(file)
            file.seek(0)
            now = self._clock()
            # A time ahead of the clock (it was set back) counts as now, or it would block for ever.
            recent = [time for time in _parse_times(file.read()) if time > now - self._seconds]
            times = sorted(min(time, now) for time in recent)
            yield times
            file.seek(0)
            file.truncate()
            json.dump(times, file)


def _parse_times(text: str) -> list[float]:
    try:
        return [float(time) for time in json.loads(text or "[]")]
    except (ValueError, TypeError):
        return []  # a process was killed while it wrote the file

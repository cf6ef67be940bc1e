"""Keeps sign-ins to what the target allows, whoever asks for them: another thread, a worker, a load
process, the run before this one.

What a target counts it counts for all of them together. So the times stand in a file of this
user's, one for each target.
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
    """Where the times of this target's sign-ins are kept: nothing but times, readable for this user
    only.

    Raises `MappingError` where somebody else has that folder: he could have us write over any file
    of ours.
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
    """`with pace.turn():` waits until one more may sign in at `base_url`: at most `most` within
    `seconds`. `most` None: always at once.

    A sign-in is sent no sooner than `seconds` after the answer to the one whose place it takes:
    then the target, however it counts, agrees.
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
        self._base_url, self._most, self._seconds, self._clock, self._sleep = (
            base_url,
            most,
            seconds,
            clock,
            sleep,
        )
        self._wait = 0.0

    @contextmanager
    def wait_for_slot(self) -> Iterator[None]:
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
        """When our turn began. None: it is not ours yet, for `_wait` seconds."""
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
        """The times that still count, oldest first.

        What is done to the list is kept; nobody else has it meanwhile.
        """
        with sign_in_times_file(self._base_url).open("a+", encoding="ascii") as file:
            lock_file(file)
            file.seek(0)
            now = self._clock()
            times = sorted(
                min(time, now) for time in _parse_times(file.read()) if time > now - self._seconds
            )
            yield times
            file.seek(0)
            file.truncate()
            json.dump(times, file)


def _parse_times(text: str) -> list[float]:
    try:
        return [float(time) for time in json.loads(text or "[]")]
    except (ValueError, TypeError):
        return []  # a process was killed while it wrote

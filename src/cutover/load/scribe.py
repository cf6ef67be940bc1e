"""Writes the log of a load process: records as they come, a block of them twice a second.

Knows neither locust nor gevent.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import Counter
from collections.abc import Callable

from cutover.evidence import Redactor
from cutover.load.log import Head, packed
from cutover.load.samples import RECORD, Ending

_PACK = struct.Struct("<dffBBH")
assert _PACK.size == RECORD.itemsize
MOST_TROUBLES = 5
"""Troubles told in words, of each operation. All are counted."""
TROUBLE_CHARACTERS = 1500

Heard = Callable[[str, float, Ending, str], None]


class Scribe:
    """`out` takes each block.

    `heard` hears of every request too: (operation, seconds, how it ended, trouble).
    """

    def __init__(
        self,
        operations: tuple[str, ...],
        process: int,
        out: Callable[[bytes], None],
        heard: Heard | None = None,
    ) -> None:
        self._index = {name: number for number, name in enumerate(operations)}
        self._process, self._out, self._heard = process, out, heard
        self._origin, self._started = time.time() - time.perf_counter(), time.perf_counter()
        self._records = bytearray()
        self._number = self._secrets_told = 0
        self._begun: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._asked: list[int] = []
        self._made: list[tuple[int, str]] = []
        self._refused: list[int] = []
        self._troubles: list[tuple[str, str]] = []
        self._secrets: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def clock(self) -> float:
        """Seconds since the epoch, by a clock that never jumps."""
        return self._origin + time.perf_counter()

    def keep(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        ending: Ending,
        status: int,
        trouble: str,
    ) -> None:
        """One request has ended.

        An operation that the brief does not know is the journeys' mistake (KeyError).
        """
        self._records += _PACK.pack(due, late, took, self._index[operation], ending, status)
        if trouble and self._told[operation] < MOST_TROUBLES:
            self._told[operation] += 1
            self._troubles.append((operation, trouble[:TROUBLE_CHARACTERS]))
        if self._heard is not None:
            self._heard(operation, took, ending, trouble)

    def begun(self, journey: str) -> None:
        self._begun[journey] += 1

    def asked(self, entry: int) -> None:
        """The target is about to be asked to make this: from now on only its answer tells whether
        it is there.
        """
        self._asked.append(entry)

    def made(self, entry: int, thing_id: str) -> None:
        self._made.append((entry, thing_id))

    def refused(self, entry: int) -> None:
        self._refused.append(entry)

    def learnt(self, redactor: Redactor) -> None:
        """Secrets of this process, for whoever looks through the outputs at the end."""
        news = list(redactor.learnt().items())[self._secrets_told :]
        self._secrets_told += len(news)
        self._secrets += news

    def write(self, *, streams: int = 0, ended: bool = False, note: str = "") -> None:
        """Hand a block out."""
        with self._lock:
            records, self._records = bytes(self._records), bytearray()
            wall = time.perf_counter() - self._started
            head = Head(
                self._process,
                self._number,
                len(records) // RECORD.itemsize,
                time.process_time(),
                wall,
                self.clock(),
                streams,
                dict(self._begun),
                self._asked,
                self._made,
                self._refused,
                self._troubles,
                self._secrets,
                ended,
                note,
            )
            self._number += 1
            self._asked, self._made, self._refused, self._troubles, self._secrets = (
                [],
                [],
                [],
                [],
                [],
            )
            self._out(packed(head, records))

"""Writes the log of a load process: records as they come, a block of them twice a second.

Knows neither locust nor gevent.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import Counter
from collections.abc import Callable

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.model import RequestOutcome
from cutover_gates.probes.load.sample_log import RECORD, BlockHeader, pack_block

_PACK = struct.Struct("<dffBBH")
assert _PACK.size == RECORD.itemsize
MAX_FAILURE_MESSAGES = 5
"""Troubles told in words, of each operation. All are counted."""
MAX_MESSAGE_CHARACTERS = 1500

RequestListener = Callable[[str, float, RequestOutcome, str], None]


class SampleWriter:
    """`out` takes each block.

    `heard` hears of every request too: (operation, seconds, how it ended, trouble).
    """

    def __init__(
        self,
        operations: tuple[str, ...],
        process: int,
        out: Callable[[bytes], None],
        heard: RequestListener | None = None,
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

    def record_request(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        ending: RequestOutcome,
        status: int,
        trouble: str,
    ) -> None:
        """One request has ended.

        An operation that the brief does not know is the journeys' mistake (KeyError).
        """
        self._records += _PACK.pack(due, late, took, self._index[operation], ending, status)
        if trouble and self._told[operation] < MAX_FAILURE_MESSAGES:
            self._told[operation] += 1
            self._troubles.append((operation, trouble[:MAX_MESSAGE_CHARACTERS]))
        if self._heard is not None:
            self._heard(operation, took, ending, trouble)

    def count_journey(self, journey: str) -> None:
        self._begun[journey] += 1

    def record_attempt(self, entry: int) -> None:
        """The target is about to be asked to make this: from now on only its answer tells whether
        it is there.
        """
        self._asked.append(entry)

    def record_creation(self, entry: int, thing_id: str) -> None:
        self._made.append((entry, thing_id))

    def record_rejection(self, entry: int) -> None:
        self._refused.append(entry)

    def report_secrets(self, redactor: Redactor) -> None:
        """Secrets of this process, for whoever looks through the outputs at the end."""
        news = list(redactor.learned_secrets().items())[self._secrets_told :]
        self._secrets_told += len(news)
        self._secrets += news

    def write_block(self, *, streams: int = 0, ended: bool = False, note: str = "") -> None:
        """Hand a block out."""
        with self._lock:
            records, self._records = bytes(self._records), bytearray()
            wall = time.perf_counter() - self._started
            head = BlockHeader(
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
            self._out(pack_block(head, records))

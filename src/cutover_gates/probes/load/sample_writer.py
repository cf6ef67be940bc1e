"""The writer of a load process's log: records as they come, a block of them twice a second.

It knows neither locust nor gevent.
"""

from __future__ import annotations

import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.request_outcomes import ConnectionFlags, RequestOutcome
from cutover_gates.probes.load.sample_log import (
    RECORD,
    AnsweredWrite,
    BlockHeader,
    ReportedWrite,
    pack_block,
)

_PACK = struct.Struct("<dffBBHB")
assert _PACK.size == RECORD.itemsize
MAX_FAILURE_MESSAGES = 5
"""Failures of each operation that are kept in words. All are counted."""
MAX_MESSAGE_CHARACTERS = 1500

RequestListener = Callable[[str, float, RequestOutcome, str], None]
"""Takes (operation, seconds, outcome, failure) of each request."""


class SampleWriter:
    """Writes the log of one process. `out` takes each block, `listener` each request."""

    def __init__(
        self,
        operations: tuple[str, ...],
        process: int,
        out: Callable[[bytes], None],
        listener: RequestListener | None = None,
    ) -> None:
        self._index = {name: number for number, name in enumerate(operations)}
        self._process, self._out, self._listener = process, out, listener
        self._origin, self._started = time.time() - time.perf_counter(), time.perf_counter()
        self._records = bytearray()
        self._number = self._secrets_reported = self._writes_reported = 0
        self._journeys: Counter[str] = Counter()
        self._message_counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._clear_news()

    def _clear_news(self) -> None:
        """Forget what the last block has reported."""
        self._attempted: list[int] = []
        self._created: list[tuple[int, str]] = []
        self._rejected: list[int] = []
        self._writes: list[ReportedWrite] = []
        self._answers: list[AnsweredWrite] = []
        self._failures: list[tuple[str, str]] = []
        self._secrets: list[tuple[str, str]] = []

    def clock(self) -> float:
        """Return the seconds since the epoch, by a clock that never jumps."""
        return self._origin + time.perf_counter()

    def record_request(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        outcome: RequestOutcome,
        status: int,
        failure: str,
        flags: ConnectionFlags = ConnectionFlags.NONE,
    ) -> None:
        """Record a request that ended.

        Raises `KeyError` for an operation that the journeys do not declare in their steps.
        """
        index = self._index[operation]
        self._records += _PACK.pack(due, late, took, index, outcome, status, flags)
        if failure and self._message_counts[operation] < MAX_FAILURE_MESSAGES:
            self._message_counts[operation] += 1
            self._failures.append((operation, failure[:MAX_MESSAGE_CHARACTERS]))
        if self._listener is not None:
            self._listener(operation, took, outcome, failure)

    def count_journey(self, journey: str) -> None:
        """Count a journey that starts."""
        self._journeys[journey] += 1

    def record_attempt(self, entry: int) -> None:
        """Record that the target is about to be asked to create this entry of the ledger.

        From now on only its answer tells whether the record exists.
        """
        self._attempted.append(entry)

    def record_creation(self, entry: int, record_id: str) -> None:
        """Record that the target created an entry."""
        self._created.append((entry, record_id))

    def record_rejection(self, entry: int) -> None:
        """Record that the target rejected an entry."""
        self._rejected.append(entry)

    def record_write(
        self, kind: str, record_id: str, patient_id: str, sent: Mapping[str, Any]
    ) -> int:
        """Record a write that is about to be sent (`ReportedWrite`), and return its number."""
        self._writes_reported += 1
        self._writes.append(
            (self._writes_reported, kind, record_id, patient_id, sent, self.clock())
        )
        return self._writes_reported

    def record_answer(self, number: int, record_id: str) -> None:
        """Record the answer to a write; without an id the target has rejected it."""
        self._answers.append((number, record_id, self.clock()))

    def report_secrets(self, redactor: Redactor) -> None:
        """Report new secrets of this process: the outputs are searched for them at the end."""
        new = list(redactor.learned_secrets().items())[self._secrets_reported :]
        self._secrets_reported += len(new)
        self._secrets += new

    def write_block(self, *, streams: int = 0, ended: bool = False, note: str = "") -> None:
        """Hand out a block with what came since the last one."""
        with self._lock:
            records, self._records = bytes(self._records), bytearray()
            header = BlockHeader(
                process=self._process,
                number=self._number,
                records=len(records) // RECORD.itemsize,
                cpu=time.process_time(),
                wall=time.perf_counter() - self._started,
                at=self.clock(),
                streams=streams,
                begun=dict(self._journeys),
                asked=self._attempted,
                made=self._created,
                refused=self._rejected,
                writes=self._writes,
                answers=self._answers,
                troubles=self._failures,
                secrets=self._secrets,
                ended=ended,
                note=note,
            )
            self._number += 1
            self._clear_news()
            self._out(pack_block(header, records))

"""The results of a run while it lasts: every sample of every process, what was made and lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.sample_log import RECORD, BlockHeader, SampleBlock, Samples
from cutover_gates.probes.load.write_reports import ReportedWrites

CPU_WINDOW_SECONDS = 5.0
BLOCK_TOLERANCE_SECONDS = 0.6
"""A process writes a block twice a second, so a window begins up to one block later."""


class LoadResults:
    """All samples so far, in the order in which they were due, and what the processes report.

    `problems` are reasons why a part of the log is missing. `failure_messages` holds the first
    failures of each operation in words. `requested_entries` are the entries of the ledger that the
    target was asked to create. `writes` are the writes that the processes have sent.
    """

    def __init__(self, ledger: Ledger, redactor: Redactor) -> None:
        self._ledger, self._redactor = ledger, redactor
        self._blocks: list[Samples] = []
        self._merged: Samples = np.empty(0, RECORD)
        self.headers: dict[int, list[BlockHeader]] = defaultdict(list)
        self.problems: list[str] = []
        self.failure_messages: dict[str, list[str]] = defaultdict(list)
        self.requested_entries: set[int] = set()
        self.writes = ReportedWrites()

    def add(self, block: SampleBlock) -> None:
        """Take in one block of a process's log."""
        header = block.header
        earlier = self.headers[header.process]
        expected_number = earlier[-1].number + 1 if earlier else 0
        if header.number != expected_number:
            self.problems.append(f"load process {header.process}: a part of its log was lost")
        # What was sent is kept once, and not in each header beside it.
        self.writes.add(header)
        earlier.append(replace(header, writes=[], answers=[]))
        if len(block.samples):
            self._blocks.append(block.samples)
        # Before anything of the header is kept as text: its secrets must be masked in it.
        for value, name in header.secrets:
            self._redactor.learn(name, value)
        self._update_ledger(header)
        for operation, message in header.troubles:
            self.failure_messages[operation].append(self._redactor.redact_text(message))
        if header.note:
            self.problems.append(self._redactor.redact_text(header.note))

    def _update_ledger(self, header: BlockHeader) -> None:
        for entry, record_id in header.made:
            self._ledger.record_created(entry, record_id)
        for entry in header.refused:
            self._ledger.record_rejected(entry)
        self.requested_entries |= set(header.asked)

    @property
    def samples(self) -> Samples:
        """Return all samples so far, in the order in which they were due."""
        if self._blocks:
            merged = np.concatenate([self._merged, *self._blocks])
            self._merged, self._blocks = merged[np.argsort(merged["due"], kind="stable")], []
        return self._merged

    @property
    def journey_counts(self) -> dict[str, int]:
        """Return how many journeys all processes have started, by name."""
        total: dict[str, int] = defaultdict(int)
        for headers in self.headers.values():
            for name, count in headers[-1].begun.items():
                total[name] += count
        return dict(total)

    @property
    def streams(self) -> int:
        """Return how many streams of arrivals are running."""
        return sum(headers[-1].streams for headers in self.headers.values())

    def max_cpu_share(self) -> float:
        """Return the greatest share of a processor that one process used over a window."""
        shares = [0.0]
        for headers in self.headers.values():
            shares += [_cpu_share(headers, last) for last in headers]
        return max(shares)


def _cpu_share(headers: Sequence[BlockHeader], last: BlockHeader) -> float:
    """Return the CPU share over the window that ends with `last`; 0 where it is too short."""
    begins = last.wall - CPU_WINDOW_SECONDS - BLOCK_TOLERANCE_SECONDS
    first = next(header for header in headers if header.wall > begins)
    seconds = last.wall - first.wall
    if seconds < CPU_WINDOW_SECONDS / 2:
        return 0.0
    return (last.cpu - first.cpu) / seconds

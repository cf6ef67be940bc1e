"""Keeps the book of a run while it lasts: every sample of every process, what was made, what was
lost.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from cutover.evidence import Ledger, Redactor
from cutover.load.log import Block, Head
from cutover.load.samples import RECORD, Samples

CPU_WINDOW = 5.0


class Book:
    """`samples` are all so far, by the moment at which they were due.

    `asked`: the ledger's entries that the target was asked to make.
    """

    def __init__(self, ledger: Ledger, redactor: Redactor) -> None:
        self._ledger, self._redactor = ledger, redactor
        self._blocks: list[Samples] = []
        self._merged: Samples = np.empty(0, RECORD)
        self.heads: dict[int, list[Head]] = defaultdict(list)
        self.notes: list[str] = []
        self.troubles: dict[str, list[str]] = defaultdict(list)
        self.asked: set[int] = set()

    def take(self, block: Block) -> None:
        head = block.head
        before = self.heads[head.process]
        if head.number != (before[-1].number + 1 if before else 0):
            self.notes.append(f"load process {head.process}: a part of its log was lost")
        before.append(head)
        if len(block.samples):
            self._blocks.append(block.samples)
        for value, name in head.secrets:
            self._redactor.learn(name, value)
        for entry, thing_id in head.made:
            self._ledger.done(entry, thing_id)
        for entry in head.refused:
            self._ledger.refused(entry)
        self.asked |= set(head.asked)
        for operation, trouble in head.troubles:
            self.troubles[operation].append(self._redactor.text(trouble))
        if head.note:
            self.notes.append(self._redactor.text(head.note))

    @property
    def samples(self) -> Samples:
        if self._blocks:
            merged = np.concatenate([self._merged, *self._blocks])
            self._merged, self._blocks = merged[np.argsort(merged["due"], kind="stable")], []
        return self._merged

    @property
    def begun(self) -> dict[str, int]:
        """Journeys begun, by name, of all processes."""
        total: dict[str, int] = defaultdict(int)
        for heads in self.heads.values():
            for name, count in heads[-1].begun.items():
                total[name] += count
        return dict(total)

    @property
    def streams(self) -> int:
        return sum(heads[-1].streams for heads in self.heads.values())

    def busiest(self) -> float:
        """The greatest share of a processor that one load process used over `CPU_WINDOW` seconds."""
        shares = [0.0]
        for heads in self.heads.values():
            for last in heads:
                first = next(head for head in heads if head.wall > last.wall - CPU_WINDOW - 0.6)
                if last.wall - first.wall >= CPU_WINDOW / 2:
                    shares.append((last.cpu - first.cpu) / (last.wall - first.wall))
        return max(shares)

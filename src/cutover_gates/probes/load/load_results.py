"""Keeps the book of a run while it lasts: every sample of every process, what was made, what was
lost.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.objectives import ERROR_OUTCOMES
from cutover_gates.probes.load.sample_log import RECORD, BlockHeader, SampleBlock, Samples

CPU_WINDOW = 5.0


class LoadResults:
    """`samples` are all so far, by the moment at which they were due.

    `requested_entries`: the ledger's entries that the target was asked to make.
    """

    def __init__(self, ledger: Ledger, redactor: Redactor) -> None:
        self._ledger, self._redactor = ledger, redactor
        self._blocks: list[Samples] = []
        self._merged: Samples = np.empty(0, RECORD)
        self.headers: dict[int, list[BlockHeader]] = defaultdict(list)
        self.notes: list[str] = []
        self.failure_messages: dict[str, list[str]] = defaultdict(list)
        self.requested_entries: set[int] = set()

    def add(self, block: SampleBlock) -> None:
        head = block.header
        before = self.headers[head.process]
        if head.number != (before[-1].number + 1 if before else 0):
            self.notes.append(f"load process {head.process}: a part of its log was lost")
        before.append(head)
        if len(block.samples):
            self._blocks.append(block.samples)
        for value, name in head.secrets:
            self._redactor.learn(name, value)
        for entry, thing_id in head.made:
            self._ledger.record_created(entry, thing_id)
        for entry in head.refused:
            self._ledger.record_rejected(entry)
        self.requested_entries |= set(head.asked)
        for operation, trouble in head.troubles:
            self.failure_messages[operation].append(self._redactor.redact_text(trouble))
        if head.note:
            self.notes.append(self._redactor.redact_text(head.note))

    @property
    def samples(self) -> Samples:
        if self._blocks:
            merged = np.concatenate([self._merged, *self._blocks])
            self._merged, self._blocks = merged[np.argsort(merged["due"], kind="stable")], []
        return self._merged

    @property
    def journey_counts(self) -> dict[str, int]:
        """Journeys begun, by name, of all processes."""
        total: dict[str, int] = defaultdict(int)
        for heads in self.headers.values():
            for name, count in heads[-1].begun.items():
                total[name] += count
        return dict(total)

    @property
    def streams(self) -> int:
        return sum(heads[-1].streams for heads in self.headers.values())

    def max_cpu_share(self) -> float:
        """The greatest share of a processor that one load process used over `CPU_WINDOW` seconds."""
        shares = [0.0]
        for heads in self.headers.values():
            for last in heads:
                first = next(head for head in heads if head.wall > last.wall - CPU_WINDOW - 0.6)
                if last.wall - first.wall >= CPU_WINDOW / 2:
                    shares.append((last.cpu - first.cpu) / (last.wall - first.wall))
        return max(shares)


SAFETY_SECONDS = 10
SAFETY_ERROR_SHARE = 0.05
SAFETY_MIN_REQUESTS = 20
"""Requests of which one is 5 %.

Seconds with fewer are taken together: a slow load has some without an error.
"""
SAFETY_SLOWDOWN = 5.0


def find_stop_reason(samples: Samples, now: float, usual_seconds: float) -> str | None:
    """Why the run must stop, or None.

    `samples` are all so far, `now` is on their clock; `usual_seconds` is what an answer may usually
    take.
    """
    whole = int(now)
    ended = (samples["due"] + samples["took"]).astype(int)
    windows = [samples[ended == second] for second in range(whole - SAFETY_SECONDS, whole)]
    if not len(samples) or samples["due"].min() > whole - SAFETY_SECONDS:
        return None
    if all(map(_exceeds_error_share, filled := _merge_windows(windows))) and filled:
        return (
            f"more than {SAFETY_ERROR_SHARE * 100:g} % of the requests failed, all through the last"
            f" {SAFETY_SECONDS} s"
        )
    if all(_is_slow(window, usual_seconds * SAFETY_SLOWDOWN) for window in windows):
        return (
            f"half of the requests took more than {usual_seconds * SAFETY_SLOWDOWN:g} s, {SAFETY_SLOWDOWN:g} times what"
            f" they may, in each of the last {SAFETY_SECONDS} s"
        )
    return None


def _merge_windows(windows: list[Samples]) -> list[Samples]:
    """The windows, with neighbours taken together until each has enough; what is left over goes to
    the last.
    """
    filled: list[Samples] = []
    waiting = windows[0][:0]
    for window in windows:
        waiting = np.concatenate([waiting, window])
        if len(waiting) >= SAFETY_MIN_REQUESTS:
            filled.append(waiting)
            waiting = waiting[:0]
    return [*filled[:-1], np.concatenate([filled[-1], waiting])] if filled else []


def _exceeds_error_share(window: Samples) -> bool:
    return float(np.isin(window["outcome"], ERROR_OUTCOMES).mean()) > SAFETY_ERROR_SHARE


def _is_slow(window: Samples, seconds: float) -> bool:
    """No answer at all in a second is dragging, too: people come all the time."""
    return not len(window) or float(np.median(window["took"])) > seconds

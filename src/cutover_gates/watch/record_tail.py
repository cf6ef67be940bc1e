"""Reads what a record got since the last look: cheap enough to be done every few seconds.

It takes the probes since a moment, the watcher's own gaps, the evaluations and the steps. The sums
of the lines are not looked at: what a gate judges is the whole record (`record_reader`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover_gates.watch.probe_results import PathProbe
from cutover_gates.watch.record_lines import BEGUN, EVALUATION, OWN_GAP, PROBE
from cutover_gates.watch.record_reader import WatchRecord, excuse
from cutover_gates.watch.step_lines import merge_steps, read_steps
from cutover_gates.watch.time_spans import Span

_WANTED = tuple(f'{{"do": "{do}"'.encode() for do in (BEGUN, PROBE, OWN_GAP, EVALUATION))
"""How the lines begin that are read; all others are left where they are."""


@dataclass
class _ProcessTail:
    """What one process of the watcher wrote, and how far each of its files was read."""

    head: Mapping[str, Any] = field(default_factory=dict)
    results: list[PathProbe] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    evaluations: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, line: Mapping[str, Any], since: float) -> None:
        """Take in a line; what is older than `since` is left out."""
        if line["do"] == BEGUN:
            self.head = line
        elif line["do"] == OWN_GAP:
            self.gaps.append(Span(line["begins"], line["ends"]))
        elif line["at"] >= since and line["do"] == EVALUATION:
            self.evaluations.append(line)
        elif line["at"] >= since:
            plain = {name: value for name, value in line.items() if name not in _NO_VALUES}
            self.results.append(PathProbe.from_plain(plain))


_NO_VALUES = frozenset({"do", "at", "sum"})


@dataclass
class RecordTail:
    """The record of `release` in `folder`, from the moment `since` on."""

    folder: Path
    release: str
    since: float
    _offsets: dict[str, int] = field(default_factory=dict)
    _processes: dict[str, _ProcessTail] = field(default_factory=dict)

    def read(self) -> WatchRecord:
        """Return the record so far. Raises `OSError`, and `ValueError` for a line of no record."""
        for path in sorted(self.folder.glob("*.jsonl")):
            process = self._processes.setdefault(path.name.split(".")[0], _ProcessTail())
            for line in self._read_new_lines(path):
                process.add(line, self.since)
        record = WatchRecord()
        for process in self._processes.values():
            if process.head.get("release") == self.release:
                _add_process(record, process)
        record.results.sort(key=lambda result: result.started)
        record.steps = merge_steps(record.steps)
        return record

    def _read_new_lines(self, path: Path) -> Iterator[Mapping[str, Any]]:
        """Yield the whole lines that were added; a line that is being written comes next time."""
        with path.open("rb") as file:
            file.seek(self._offsets.get(path.name, 0))
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offsets[path.name] = self._offsets.get(path.name, 0) + len(line)
                if line.startswith(_WANTED):
                    yield json.loads(line)


def _add_process(record: WatchRecord, process: _ProcessTail) -> None:
    head = process.head
    record.steps += read_steps(head)
    if head["intervals"]:
        record.heads.append(head)
    late = head.get("late_seconds", {})
    record.results += [excuse(one, process.gaps, late) for one in process.results]
    record.trigger_lines.append(process.evaluations)

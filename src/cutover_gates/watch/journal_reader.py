"""Reads the journal of acknowledged writes: what became of them, and what a restore would lose."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.hospital.write_journal import SentWrite, WriteJournal
from cutover_gates.watch import rules
from cutover_gates.watch.durable_journal import read_write
from cutover_gates.watch.record_lines import (
    FORGOTTEN,
    NOT_CARRIED_OUT,
    RELEASED,
    WRITE,
    WRITE_BEGUN,
)
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.step_marks import add_unread_marks
from cutover_gates.watch.time_spans import Span, format_moment

Key = tuple[str, str]
WRITES_TITLE = "acknowledged writes of the watcher"
USERS_WRITES = "What people wrote is not in this list: count the rows newer than the backup."


@dataclass
class _Entries:
    """The journal while its lines are read. `open` are changes without an end, by their begin."""

    writes: dict[Key, list[SentWrite]] = field(default_factory=lambda: defaultdict(list))
    patients: dict[Key, str] = field(default_factory=dict)
    open: dict[tuple[str, str, float], SentWrite] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)

    def add(self, line: Mapping[str, Any]) -> None:
        do = line["do"]
        if do == RELEASED:
            self.released |= {*line["ids"]}
            return
        key = (line["kind"], line["id"])
        if do in (WRITE, WRITE_BEGUN):
            self._add_write(key, line)
        elif do == NOT_CARRIED_OUT:
            self.open.pop((*key, line["begun"]), None)
        elif do == FORGOTTEN:
            self._forget(key)

    def _add_write(self, key: Key, line: Mapping[str, Any]) -> None:
        write = read_write(line)
        self.patients[key] = line["patient_id"]
        if line["do"] == WRITE_BEGUN:
            self.open[(*key, write.begun)] = write
            return
        self.writes[key].append(write)
        for one in [one for one, sent in self.open.items() if _is_same(one, key, sent, write)]:
            del self.open[one]

    def _forget(self, key: Key) -> None:
        kind, record_id = key
        for other, patient_id in list(self.patients.items()):
            if other == key or (kind == "patient" and patient_id == record_id):
                self.writes.pop(other, None)
                del self.patients[other]


def _is_same(one: tuple[str, str, float], key: Key, begun: SentWrite, write: SentWrite) -> bool:
    """Return whether a begun change is the one that ended: of the same record and content."""
    return one[:2] == key and begun.sent == write.sent and begun.begun <= write.begun


def _read_entries(lines: Iterable[Mapping[str, Any]]) -> _Entries:
    entries = _Entries()
    for line in lines:
        entries.add(line)
    return entries


def read_journal(lines: Iterable[Mapping[str, Any]]) -> WriteJournal:
    """Return the journal of these lines, of one or several processes.

    A change that began and has no end may have been carried out or not: both are allowed.
    """
    entries, journal = _read_entries(lines), WriteJournal()
    for key, writes in entries.writes.items():
        for write in writes:
            journal.add(*key, entries.patients[key], write)
    for (kind, record_id, _), write in entries.open.items():
        if (kind, record_id) in entries.patients:
            journal.add(kind, record_id, entries.patients[kind, record_id], write)
    journal.release(entries.released)
    return journal


@dataclass(frozen=True)
class LossOfRestore:
    """What a restore of the state of `since` takes away, of what the watcher got acknowledged.

    `created` and `changed` are counts of records by kind; `unknown` are changes without an answer.
    """

    since: float
    created: Mapping[str, int]
    changed: Mapping[str, int]
    unknown: int

    @property
    def is_nothing(self) -> bool:
        """Whether nothing that was acknowledged would be lost."""
        return not (self.created or self.changed)


def find_loss_of_restore(lines: Iterable[Mapping[str, Any]], since: float) -> LossOfRestore:
    """Return what was acknowledged after `since` (seconds since 1970), by kind and count.

    A record whose first write is later is created since then; any other with a later one, changed.
    """
    entries = _read_entries(lines)
    created: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for (kind, record_id), writes in entries.writes.items():
        known = [write for write in writes if write.ended < inf]
        if entries.released & {record_id, entries.patients[kind, record_id]} or not known:
            continue
        if known[-1].ended > since:
            (created if known[0].ended > since else changed)[kind] += 1
    late = [write for write in entries.open.values() if write.begun > since]
    unanswered = [write for writes in entries.writes.values() for write in writes]
    unknown = sum(write.ended == inf and write.begun > since for write in unanswered)
    return LossOfRestore(since, dict(created), dict(changed), len(late) + unknown)


def describe_loss(loss: LossOfRestore, problems: Iterable[str]) -> str:
    """Return the loss for a person who is about to restore, with what may be missing in it."""
    lines = [
        f"A restore of the state of {format_moment(loss.since)} loses of the watcher's writes:"
    ]
    lines += [f"  {count} × {kind} created since" for kind, count in sorted(loss.created.items())]
    lines += [f"  {count} × {kind} changed since" for kind, count in sorted(loss.changed.items())]
    if loss.is_nothing:
        lines.append("  nothing that was acknowledged")
    if loss.unknown:
        lines.append(f"  {loss.unknown} changes without an answer may be lost besides")
    lines += [f"  not readable: {problem}" for problem in problems]
    return "\n".join([*lines, USERS_WRITES])


def compare_writes(record: WatchRecord, window: Span) -> AssessmentBuilder:
    """Return what became of the writes that were acknowledged in the window.

    What any reading found lost stays lost: that somebody put it back does not undo it. What could
    not be read is taken from the last reading.
    """
    builder = AssessmentBuilder()
    answers = [Assessment.from_plain(line["assessment"]) for line in record.read_backs]
    for answer in answers:
        builder.findings += answer.findings
    writes = [line for line in record.journal if _is_acknowledged(line, window)]
    _add_unread(builder, record, writes)
    if answers:
        builder.not_proven += answers[-1].not_proven
    add_record_problems(builder, record)
    keys = {(line["kind"], line["id"]) for line in writes}
    records = Counter(kind for kind, _ in keys)
    builder.checked += [f"{count} × {kind}" for kind, count in sorted(records.items())]
    unknown = record.read_backs[-1] if record.read_backs else {}
    builder.figures = {
        "writes": len(writes),
        "records": dict(records),
        "read_backs": len(answers),
        "creations_without_an_answer": unknown.get("unknown", 0),
        "of_those_stored": unknown.get("unknown_found", 0),
        "whose": (
            "the watcher's own, field by field; those of people are proven by the rows of the"
            " tables, and since the snapshot by their number only"
        ),
    }
    add_unread_marks(builder, record.marks, record.read_backs, window)
    return builder


def _add_unread(
    builder: AssessmentBuilder, record: WatchRecord, writes: list[Mapping[str, Any]]
) -> None:
    covered = max((line["until"] for line in record.read_backs), default=0.0)
    unread = [line["at"] for line in writes if line["at"] > covered]
    if unread:
        reason = f"{len(unread):,} of {len(writes):,} writes since {format_moment(unread[0])}"
        builder.add_gap(rules.WRITES_READ_BACK, "not read again", reason)


def add_record_problems(builder: AssessmentBuilder, record: WatchRecord) -> None:
    """Add a gap for each line or segment that is not as it was written."""
    for problem in record.problems:
        builder.add_gap(rules.RECORD_WHOLE, problem.partition(",")[0], problem)


def _is_acknowledged(line: Mapping[str, Any], window: Span) -> bool:
    in_window = window.begins <= line["at"] <= window.ends
    return line["do"] == WRITE and line["ended"] is not None and in_window

"""Reads the acknowledged writes of a record again, and writes down what became of each.

A record of which the ledger says that the watcher itself removed it, or began to, is not expected
any more. One that was already gone when it should be removed is expected, and so is found lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.ledger_lines import (
    RemainingRecord,
    find_removed,
    read_lines,
    replay,
)
from cutover_gates.core.findings import Finding
from cutover_gates.drivers import rules
from cutover_gates.drivers.record_owner import RecordOwner
from cutover_gates.drivers.write_comparison import WriteComparison
from cutover_gates.hospital import Driver, ProtocolViolation, Rejected, Session, Unsupported
from cutover_gates.hospital.matchers.read_back import RecordSource
from cutover_gates.hospital.write_journal import ExpectedRecord
from cutover_gates.watch.journal_reader import read_journal
from cutover_gates.watch.record_reader import WatchRecord, read_record
from cutover_gates.watch.step_marks import find_unread

TITLE = "acknowledged writes of the watcher, read again"
RecordKey = tuple[str, str]
"""Kind and id of a record."""
UNIQUE_NUMBERS = "unique-record-numbers"
ROUNDS = 5
"""How often a record is read anew that a running watcher changed meanwhile."""


@dataclass(frozen=True)
class ReadBackResult:
    """What became of the writes. `until` is the moment of the last line of the journal that counts.

    `unknown` are creations without an answer: how many there were, and how many are there. `marks`
    are the ids of the steps that had ended when the reading began.
    """

    assessment: Assessment
    until: float
    unknown: int
    unknown_found: int
    marks: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "assessment": self.assessment.to_plain(),
            "until": self.until,
            "unknown": self.unknown,
            "unknown_found": self.unknown_found,
            "marks": list(self.marks),
        }


@dataclass
class WriteReader:
    """Reads the writes of the record in `folder` again, with the ledgers in `ledgers`.

    `sources` read single records. `driver` and `session` look for creations without an answer.
    """

    folder: Path
    ledgers: Path
    driver: Driver
    session: Callable[[], Session]
    sources: Sequence[RecordSource]
    unsupported: Iterable[str]
    record: WatchRecord = field(default_factory=WatchRecord)

    def read_back(self, seconds: float) -> ReadBackResult:
        """Compare what must be stored with what is, for at most so many seconds."""
        deadline = time.monotonic() + seconds
        expected = self._expect()
        marks = tuple(mark.id for mark in find_unread(self.record.marks, self.record.read_backs))
        until = max((line["at"] for line in self.record.journal), default=0.0)
        assessment = self._compare(list(expected.values()), deadline)
        changed: set[RecordKey] = set()
        for _ in range(ROUNDS):
            doubtful = _named_in(expected, assessment.findings)
            newer = self._expect()
            changed = {key for key in doubtful if newer.get(key) != expected[key]}
            if not changed:
                break
            # A running watcher changed them meanwhile: what was read may be either state.
            expected = newer
            again = [newer[key] for key in changed if key in newer]
            assessment = _replace(assessment, changed, self._compare(again, deadline))
        else:
            assessment = _replace(assessment, changed, _doubt(changed))
        unknown = self._unanswered_records()
        found = self._count_found(unknown)
        return ReadBackResult(assessment, until, len(unknown), found, marks)

    def _compare(self, records: Sequence[ExpectedRecord], deadline: float) -> Assessment:
        unsupported = frozenset(self.unsupported)
        comparison = WriteComparison(self.sources, unsupported, deadline)
        return comparison.assess(records, unique_numbers=UNIQUE_NUMBERS not in unsupported)

    def _expect(self) -> dict[tuple[str, str], ExpectedRecord]:
        """Return what must be stored by the record as it stands now, by kind and id."""
        self.record = read_record(self.folder)
        journal = read_journal(self.record.journal)
        for lines in self._ledger_lines():
            for kind, record_id in find_removed(lines):
                journal.forget(kind, record_id)
        records = journal.expected_records(self.driver.features.stored_form)
        return {(record.kind, record.id): record for record in records}

    def _ledger_lines(self) -> list[list[dict[str, Any]]]:
        paths = [self.ledgers / f"{tag}.jsonl" for tag in sorted(self.record.tags)]
        return [read_lines(path) for path in paths if path.is_file()]

    def _unanswered_records(self) -> list[RemainingRecord]:
        remaining = [record for lines in self._ledger_lines() for record in replay(lines).values()]
        return [record for record in remaining if record.id is None]

    def _count_found(self, unknown: Sequence[RemainingRecord]) -> int:
        return sum(self._is_found(record) for record in unknown)

    def _is_found(self, record: RemainingRecord) -> bool:
        try:
            owner = RecordOwner(self.driver, self.session())
            find = owner.own_patients if record.kind == "patient" else owner.own_entries
            return bool(find(record))
        except (Rejected, ProtocolViolation, Unsupported):
            return False  # it stays unknown


def _doubt(changed: Iterable[RecordKey]) -> Assessment:
    """Return the gaps for records that changed each time they were read."""
    reason = "the watcher changed it each time it was read; read it back again"
    gaps = [Finding(rules.WRITES_COMPARED, f"{kind} {one}", "", reason) for kind, one in changed]
    return Assessment(TITLE, (), not_proven=tuple(gaps))


def _named_in(expected: Iterable[RecordKey], findings: Sequence[Finding]) -> set[RecordKey]:
    return {key for key in expected if _is_named(key, findings)}


def _is_named(key: RecordKey, findings: Sequence[Finding]) -> bool:
    return any(_is_about(finding, *key) for finding in findings)


def _is_about(finding: Finding, kind: str, record_id: str) -> bool:
    return f"{finding.subject} ".startswith(f"{kind} {record_id} ")


def _replace(before: Assessment, changed: set[RecordKey], again: Assessment) -> Assessment:
    """Return the assessment with what was found about these records the second time."""
    names = [f"{kind} {record_id} " for kind, record_id in changed]
    kept = [one for one in before.findings if not f"{one.subject} ".startswith(tuple(names))]
    return Assessment(
        before.title,
        before.checked,
        (*kept, *again.findings),
        (*before.not_proven, *again.not_proven),
        before.figures,
    )

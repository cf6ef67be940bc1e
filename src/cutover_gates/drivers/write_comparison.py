"""Compares the journal of acknowledged writes with what is stored at the end of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.core.value_text import format_value
from cutover_gates.drivers import rules
from cutover_gates.hospital import Unsupported
from cutover_gates.hospital.matchers.read_back import RecordSource, find_differences
from cutover_gates.hospital.write_journal import ExpectedRecord, find_shared_numbers
from cutover_gates.util.text import first_error_line

TITLE = "acknowledged writes of the run, read again at its end"
AT_A_TIME = 4
"""Records that are read at the same time: a check of the end must not be a load."""
TIME_OVER = "the time for reading the run's writes again was over"
DECLARED_BY = {"reason": "visit-reason", "size": "content", "sha256": "content"}
"""The operation that a target declares unsupported where a field cannot be read."""
NOT_KEPT_BY = {"file_name": "file-names"}
"""The capability that a target declares absent where it stores another value of a field."""


@dataclass(frozen=True)
class WriteComparison:
    """Compares records. `readers` are asked in order, for the fields that the one before lacks.

    `unsupported` are the operations that the target does not offer. `until` is the time of the
    monotonic clock after which no further record is read.
    """

    readers: Sequence[RecordSource]
    unsupported: Collection[str]
    until: float
    clock: Callable[[], float] = time.monotonic

    def assess(self, records: Sequence[ExpectedRecord], *, unique_numbers: bool) -> Assessment:
        """Return what is stored otherwise than it was acknowledged, and what could not be read."""
        builder = AssessmentBuilder()
        with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="read-back") as threads:
            for record, problems in zip(records, threads.map(self._compare, records), strict=True):
                _add(builder, record, problems)
        if unique_numbers:
            _add_shared_numbers(builder, records)
        builder.figures = {kind: _count(records, kind) for kind in rules.STORED_RULES}
        return builder.build(TITLE)

    def _compare(self, record: ExpectedRecord) -> list[Finding] | Finding:
        """Return the findings about one record, or the gap where it could not be read."""
        subject = f"{record.kind} {record.id}"
        if self.clock() > self.until:
            return Finding(rules.WRITES_COMPARED, subject, actual=TIME_OVER)
        try:
            return self._find_problems(record, subject)
        # One record that cannot be read, for whatever reason, must not hide what became of others.
        except Exception as error:
            reason = first_error_line(error)
            return Finding(rules.WRITES_COMPARED, subject, actual=reason)

    def _find_problems(self, record: ExpectedRecord, subject: str) -> list[Finding] | Finding:
        rule, missing = rules.STORED_RULES[record.kind], set(record.candidates[-1])
        for reader in self.readers:
            try:
                row = reader.read(record.kind, record.id, record.patient_id)
            except Unsupported as error:
                if error.operation in self.unsupported:
                    return []  # declared: what no other reader has cannot be asked for
                raise
            if row is None:
                expected = format_value(record.candidates[-1])
                return [Finding(rule, f"{subject} in {reader.source}", expected, "no record")]
            found = find_differences(record.kind, record.candidates, row)
            different = [one for one in found if not self._may_differ(one.field)]
            if different:
                return [
                    Finding(
                        rule, f"{subject} in {reader.source}: {one.field}", one.expected, one.actual
                    )
                    for one in different
                ]
            missing -= row.keys()
            if not missing:
                return []
        return self._judge_missing(missing, subject)

    def _may_differ(self, field: str) -> bool:
        """Return whether the target is declared not to keep this field as it was sent."""
        return NOT_KEPT_BY.get(field) in self.unsupported

    def _judge_missing(self, missing: Collection[str], subject: str) -> list[Finding] | Finding:
        """Return the gap for fields that no reader could read, but for those that are declared."""
        unread = [
            name
            for name in sorted(missing)
            if DECLARED_BY.get(name) not in self.unsupported and not self._may_differ(name)
        ]
        if not unread:
            return []
        reason = f"{', '.join(unread)} could not be read anywhere"
        return Finding(rules.WRITES_COMPARED, subject, actual=reason)


def _add(
    builder: AssessmentBuilder, record: ExpectedRecord, problems: list[Finding] | Finding
) -> None:
    if isinstance(problems, Finding):
        builder.not_proven.append(problems)
        return
    builder.checked.append(f"{record.kind} {record.id}")
    builder.findings += problems


def _add_shared_numbers(builder: AssessmentBuilder, records: Sequence[ExpectedRecord]) -> None:
    for number, ids in find_shared_numbers(records).items():
        builder.add_finding(
            rules.NUMBER_GIVEN_ONCE,
            f"record number {number}",
            expected="one patient",
            actual=f"{len(ids)} patients: {', '.join(ids)}",
        )


def _count(records: Sequence[ExpectedRecord], kind: str) -> int:
    return sum(record.kind == kind for record in records)


def describe_counts(figures: Mapping[str, Any]) -> str:
    """Return the counts in words: `3 patients, 1 visit, 0 documents`."""
    counts = [f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in figures.items()]
    return ", ".join(counts)

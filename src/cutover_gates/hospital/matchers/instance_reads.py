"""Matchers of questions over many new connections, which every instance of a target must answer.

A load balancer hands each connection to one of its instances. One question finds one instance in
ten that differs only once in ten runs; 29 questions find it with 95 %
(docs/decisions/0028-release-that-answers.md).
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.core.value_text import format_value
from cutover_gates.hospital.answers import ProtocolViolation, Rejected
from cutover_gates.hospital.matchers.capability_checks import NOTHING_DECLARED, TargetCapabilities
from cutover_gates.hospital.matchers.read_back import (
    FieldDifference,
    RecordSource,
    find_record_problems,
)
from cutover_gates.hospital.values import Document, PatientDraft, Upload, Visit, VisitStatus
from cutover_gates.hospital.write_journal import describe_upload, fields_of
from cutover_gates.util.text import first_error_line

T = TypeVar("T")

LANES = 6
"""Questions that are asked at the same time: instances must answer, and not bear a load."""
SHARE = 0.1
"""The share of instances that differ for which a message tells the chance of being found."""


@dataclass
class ReleaseHeaders:
    """The values of the header that names the release, in the answers since the last check.

    `name` is None where the settings name no header; then nothing is compared. `allowed` are the
    releases that may answer, and None where the header may be missing. Safe under threads.
    """

    name: str | None
    allowed: Collection[str | None]
    _values: Counter[str | None] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Note the header of one answer."""
        if self.name is not None:
            with self._lock:
                self._values[headers.get(self.name)] += 1

    def forget(self) -> None:
        """Forget the answers so far: they belong to another check."""
        with self._lock:
            self._values.clear()

    def require_allowed(self) -> None:
        """Require that every answer since then names a release that may answer."""
        with self._lock:
            values, self._values = self._values, Counter()
        expected = " or ".join(sorted(name for name in self.allowed if name))
        findings = [
            Finding(
                THIS_CHECK,
                f"header {self.name}",
                f"{expected} in all {values.total()} answers",
                f"{format_value(value)} in {times}",
            )
            for value, times in values.items()
            if value not in self.allowed
        ]
        if findings:
            raise FindingsError(*findings)


@dataclass(frozen=True)
class InstanceReads:
    """Asks one question `count` times, each time over a new connection.

    `reader` reads single records that way. Each `require_…` raises `FindingsError` where any answer
    differs from what was written, with the number of such answers.
    """

    reader: RecordSource
    count: int
    as_stored: Callable[[PatientDraft], PatientDraft]
    capabilities: TargetCapabilities = NOTHING_DECLARED

    def require_patient(self, patient_id: str, sent: PatientDraft) -> None:
        """Require that every instance shows the patient with every field that was sent."""
        self._require_record("patient", patient_id, patient_id, fields_of(self.as_stored(sent)))

    def require_visit(self, visit: Visit, status: VisitStatus, reason: str) -> None:
        """Require that every instance shows the visit with its patient, reason and state."""
        sent = {"patient_id": visit.patient_id, "status": status, "reason": reason}
        self._require_record("visit", visit.id, visit.patient_id, sent)

    def require_document(self, document: Document, patient_id: str, sent: Upload) -> None:
        """Require that every instance shows the document with its description and bytes."""
        expected = {"patient_id": patient_id, **describe_upload(sent)}
        if self.capabilities.lacks("file-names"):
            del expected["file_name"]
        self._require_record("document", document.id, patient_id, expected)

    def require_equal(self, expected: object, ask: Callable[[], object], subject: str) -> None:
        """Require that every answer is `expected`. `subject` names what is asked for."""
        self.require_one_of([expected], ask, subject)

    def require_one_of(
        self, allowed: Collection[object], ask: Callable[[], object], subject: str
    ) -> None:
        """Require that every answer is one of `allowed`."""
        self._judge(subject, self.ask(ask), _comparison(subject, allowed))

    def require_same(self, ask: Callable[[], str], subject: str) -> None:
        """Require that all answers are equal to the most frequent one, whatever it is."""
        answers = self.ask(ask)
        told = Counter(answer for answer in answers if isinstance(answer, str))
        usual = [answer for answer, _ in told.most_common(1)]
        self._judge(subject, answers, _comparison(subject, usual))

    def perform(self, act: Callable[[], T]) -> list[T]:
        """Do something `count` times, `LANES` at a time; return what each returns.

        The first error is raised.
        """
        with ThreadPoolExecutor(LANES, thread_name_prefix="instances") as threads:
            return list(threads.map(lambda _: act(), range(self.count)))

    def advance(self, ask: Callable[[], object]) -> None:
        """Ask up to twice, at random.

        Between writes, so that a round robin does not hand each kind of write to the same instance.
        """
        for _ in range(secrets.randbelow(3)):
            ask()

    def ask(self, question: Callable[[], T]) -> list[T | Rejected | ProtocolViolation]:
        """Return the answer or the refusal of each question, `LANES` at a time.

        Raises what else a driver raises, such as `Unsupported`.
        """
        return self.perform(lambda: _answer(question))

    def _require_record(
        self, kind: str, record_id: str, patient_id: str, expected: Mapping[str, Any]
    ) -> None:
        def compare(row: Mapping[str, Any] | None) -> list[FieldDifference]:
            return find_record_problems(kind, expected, row)

        answers = self.ask(lambda: self.reader.read(kind, record_id, patient_id))
        self._judge(kind, answers, compare)

    def _judge(
        self,
        subject: str,
        answers: Iterable[T | Rejected | ProtocolViolation],
        compare: Callable[[T], Iterable[FieldDifference]],
    ) -> None:
        problems: Counter[FieldDifference] = Counter()
        for answer in answers:
            if isinstance(answer, Rejected | ProtocolViolation):
                refusal = first_error_line(answer)
                problems[FieldDifference(subject, "an answer", refusal)] += 1
            else:
                problems.update(compare(answer))
        if problems:
            raise FindingsError(*self._describe(problems))

    def _describe(self, problems: Mapping[FieldDifference, int]) -> list[Finding]:
        chance = 1 - (1 - SHARE) ** self.count
        asked = (
            f"in all {self.count} answers, each over a new connection (they find one instance in"
            f" ten that differs with {chance:.0%})"
        )
        return [
            Finding(
                THIS_CHECK,
                problem.field,
                f"{problem.expected} {asked}",
                f"{problem.actual} in {times} of them",
            )
            for problem, times in problems.items()
        ]


def _comparison(
    subject: str, allowed: Collection[object]
) -> Callable[[object], list[FieldDifference]]:
    """Return the comparison of an answer with those that are allowed."""
    expected = " or ".join(format_value(value) for value in allowed)

    def compare(answer: object) -> list[FieldDifference]:
        if answer in allowed:
            return []
        return [FieldDifference(subject, expected, format_value(answer))]

    return compare


def _answer(question: Callable[[], T]) -> T | Rejected | ProtocolViolation:
    try:
        return question()
    except (Rejected, ProtocolViolation) as error:
        return error

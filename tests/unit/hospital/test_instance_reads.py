"""What one instance in ten does otherwise is found, counted, and told with the number of answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from cutover_gates.core.findings import FindingsError
from cutover_gates.hospital import (
    Answer,
    PatientDraft,
    ProtocolViolation,
    Reason,
    Rejected,
    Unsupported,
    Upload,
    VisitStatus,
)
from cutover_gates.hospital.matchers import InstanceReads, ReleaseHeaders, assert_becomes
from cutover_gates.hospital.values import Document, Visit
from cutover_gates.hospital.write_journal import describe_upload, fields_of
from tests.findings import finding_values, raised_findings
from tests.unit.hospital.test_matchers import DRAFT

TIMES = 20
VISIT = Visit("v", "p", VisitStatus.OPEN)
UPLOAD = Upload("a.txt", "text/plain", b"x")


@dataclass
class Instances:
    """A reader whose tenth answers come from another instance, which `other` makes."""

    good: Mapping[str, Any]
    other: Callable[[], Mapping[str, Any] | None]
    source: str = "new connections"
    numbers: Any = field(default_factory=count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, kind: str, record_id: str, patient_id: str) -> Mapping[str, Any] | None:
        with self.lock:
            number = next(self.numbers)
        return self.other() if number % 10 == 9 else self.good


def reads(good: Mapping[str, Any], other: Callable[[], Mapping[str, Any] | None]) -> InstanceReads:
    return InstanceReads(Instances(good, other), TIMES, lambda draft: draft)


def refuse(reason: Reason) -> Mapping[str, Any]:
    raise Rejected(reason, "other keys", Answer(401, {}, b""))


def fields(draft: PatientDraft = DRAFT, **changes: Any) -> dict[str, Any]:
    return {**fields_of(draft), **changes}


def test_instances_that_agree_are_in_order() -> None:
    reads(fields(), fields).require_patient("p", DRAFT)
    sent = {"patient_id": "p", "status": VisitStatus.OPEN, "reason": "r"}
    reads(sent, lambda: sent).require_visit(VISIT, VisitStatus.OPEN, "r")
    filed = {"patient_id": "p", **describe_upload(UPLOAD)}
    reads(filed, lambda: filed).require_document(
        Document("d", "p", "a.txt", "text/plain"), "p", UPLOAD
    )


@pytest.mark.parametrize(
    ("other", "subject", "actual"),
    [
        (lambda: fields(phone="+48"), "patient.phone", "'+48' in 2 of them"),
        (lambda: None, "patient", "no record in 2 of them"),
        (lambda: {"version": 3}, "patient", "none of them in 2 of them"),
        (lambda: refuse(Reason.UNAUTHENTICATED), "patient", "other keys in 2 of them"),
        (
            lambda: fields(mrn="m-2", phone="+48 real"),
            "patient.mrn",
            "another one: the record is another patient's in 2 of them",
        ),
    ],
)
def test_one_instance_in_ten_is_counted(
    other: Callable[[], Mapping[str, Any] | None], subject: str, actual: str
) -> None:
    """Of another patient no value is shown but that the record is theirs."""
    (finding,) = raised_findings(lambda: reads(fields(), other).require_patient("p", DRAFT))
    assert finding.subject == subject
    assert finding.actual.endswith(actual)
    assert f"in all {TIMES} answers" in finding.expected
    assert "88%" in finding.expected  # 1 - 0.9^20


def test_a_violation_of_the_protocol_is_counted_as_an_answer() -> None:
    def break_off() -> Mapping[str, Any]:
        raise ProtocolViolation("the connection was reset")

    (finding,) = raised_findings(lambda: reads(fields(), break_off).require_patient("p", DRAFT))
    assert finding.actual == "the connection was reset in 2 of them"


def test_what_a_target_does_not_offer_is_raised() -> None:
    def decline() -> Mapping[str, Any]:
        raise Unsupported("patient", "not here")

    with pytest.raises(Unsupported):
        reads(fields(), decline).require_patient("p", DRAFT)


def test_an_answer_that_is_not_allowed_is_a_finding() -> None:
    answers = iter(["2.0.0"] * (TIMES - 1) + ["1.9.0"])
    every = reads({}, dict)
    assert [
        finding_values(finding)[2]
        for finding in raised_findings(
            lambda: every.require_one_of({"2.0.0"}, lambda: next(answers), "release")
        )
    ] == ["'1.9.0' in 1 of them"]


def test_the_answer_that_differs_from_most_is_a_finding() -> None:
    answers = iter(["old", *["new"] * (TIMES - 1)])
    (finding,) = raised_findings(
        lambda: reads({}, dict).require_same(lambda: next(answers), "document")
    )
    assert finding.expected.startswith("'new' in all")
    assert finding.actual == "'old' in 1 of them"


def test_no_answer_at_all_is_not_the_same() -> None:
    with pytest.raises(FindingsError, match="other keys"):
        reads({}, dict).require_same(lambda: str(refuse(Reason.FORBIDDEN)), "document")


# ── the header of the release ──


def test_a_header_of_another_release_is_a_finding() -> None:
    headers = ReleaseHeaders("X-Release", {"2.0.0"})
    for value in ("2.0.0", "2.0.0", "1.9.0"):
        headers.observe({"X-Release": value})
    headers.observe({})
    found = raised_findings(headers.require_allowed)
    assert {finding.actual for finding in found} == {"'1.9.0' in 1", "nothing in 1"}
    assert {finding.expected for finding in found} == {"2.0.0 in all 4 answers"}


def test_answers_of_before_are_forgotten() -> None:
    headers = ReleaseHeaders("X-Release", {"2.0.0"})
    headers.observe({"X-Release": "1.9.0"})
    headers.forget()
    headers.observe({"X-Release": "2.0.0"})
    headers.require_allowed()


def test_a_header_may_be_missing_where_the_release_before_may_answer() -> None:
    headers = ReleaseHeaders("X-Release", {"2.0.0", "1.9.0", None})
    headers.observe({})
    headers.require_allowed()


def test_without_a_declared_header_nothing_is_compared() -> None:
    headers = ReleaseHeaders(None, {"2.0.0"})
    headers.observe({"X-Release": "1.9.0"})
    headers.require_allowed()


# ── effects ──


def test_an_effect_must_be_there_at_once() -> None:
    answers = iter([["old"], ["new"]])
    assert [
        finding_values(finding)
        for finding in raised_findings(lambda: assert_becomes(["new"], lambda: next(answers), "x"))
    ] == [("x", "['new'] at once", "['old']")]


def test_an_effect_may_come_within_the_declared_time() -> None:
    answers = iter([[], ["new"]])
    assert_becomes(["new"], lambda: next(answers), "x", 5)


def test_an_effect_that_does_not_come_in_time_is_a_finding() -> None:
    (finding,) = raised_findings(lambda: assert_becomes(["new"], list, "x", 0.01))
    assert (finding.expected, finding.actual) == ("['new'] within 0.01 s", "[]")

"""Rules of the comparison of acknowledged writes with what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.drivers import rules
from cutover_gates.drivers.write_comparison import WriteComparison
from cutover_gates.hospital import VisitStatus
from cutover_gates.hospital.write_journal import ExpectedRecord

SENT = {"patient_id": "p1", "status": VisitStatus.DISCHARGED, "reason": "pain"}
VISIT = ExpectedRecord("visit", "v1", "p1", (SENT,))


class Rows:
    """A reader of these rows; an exception is raised instead."""

    def __init__(self, source: str, rows: Mapping[str, Any]) -> None:
        self.source, self._rows = source, rows
        self.asked: list[str] = []

    def read(self, kind: str, record_id: str, patient_id: str) -> Mapping[str, Any] | None:
        self.asked.append(f"{kind} {record_id} of {patient_id}")
        row = self._rows.get(record_id)
        if isinstance(row, Exception):
            raise row
        return row


def assess(*readers: Rows, unsupported: tuple[str, ...] = (), seconds: float = 9) -> Assessment:
    comparison = WriteComparison(readers, unsupported, until=seconds, clock=lambda: 1.0)
    return comparison.assess([VISIT], unique_numbers=True)


def test_what_is_stored_as_sent_is_checked_and_asked_for_once() -> None:
    database, session = Rows("the database", {"v1": SENT}), Rows("another session", {})
    assessment = assess(database, session)
    assert (assessment.checked, assessment.findings) == (("visit v1",), ())
    assert session.asked == []


def test_a_name_that_is_declared_not_to_be_kept_is_not_compared() -> None:
    """All else of the document is."""
    sent = {"patient_id": "p1", "file_name": "a.txt", "sha256": "1"}
    document = ExpectedRecord("document", "d1", "p1", (sent,))
    for row, lost in (({"file_name": "x"}, []), ({"sha256": "2"}, ["sha256"])):
        reader = Rows("the database", {"d1": {**sent, **row}})
        comparison = WriteComparison([reader], {"file-names"}, until=9, clock=lambda: 1.0)
        found = comparison.assess([document], unique_numbers=True).findings
        assert [finding.subject.rpartition(" ")[2] for finding in found] == lost


@pytest.mark.parametrize(
    ("row", "subject", "actual"),
    [
        (None, "visit v1 in the database", "no record"),
        ({**SENT, "status": "admitted"}, "visit v1 in the database: status", "'admitted'"),
        ({**SENT, "reason": "pai"}, "visit v1 in the database: reason", "'pai'"),
    ],
    ids=["no row", "another state", "a text that was cut"],
)
def test_a_lost_write_is_a_finding(row: Any, subject: str, actual: str) -> None:
    (finding,) = assess(Rows("the database", {"v1": row})).findings
    assert (finding.rule, finding.subject, finding.actual) == (rules.VISIT_STORED, subject, actual)


def test_of_another_patients_record_no_value_is_shown() -> None:
    """An id that was given again may lead to a real patient."""
    row = {"patient_id": "p9", "status": "admitted", "reason": "a secret"}
    (finding,) = assess(Rows("the database", {"v1": row})).findings
    assert "secret" not in str(finding)
    assert "p9" not in str(finding)


def test_a_field_that_the_database_lacks_is_read_in_another_session() -> None:
    """A query of the settings need not have every column."""
    database = Rows("the database", {"v1": {"patient_id": "p1", "status": "discharged"}})
    (finding,) = assess(database, Rows("another session", {"v1": {**SENT, "reason": ""}})).findings
    assert finding.subject == "visit v1 in another session: reason"


def test_a_field_that_nobody_can_read_is_not_proven_unless_declared() -> None:
    rows = Rows("another session", {"v1": {"patient_id": "p1", "status": "discharged"}})
    (gap,) = assess(rows).not_proven
    assert (gap.rule, gap.subject) == (rules.WRITES_COMPARED, "visit v1")
    assert assess(rows, unsupported=("visit-reason",)).not_proven == ()


@pytest.mark.parametrize("seconds", [9, 0.5], ids=["it raises", "no time is left"])
def test_what_could_not_be_read_is_not_proven(seconds: float) -> None:
    """Neither an error nor a lack of time passes for a record that was compared."""
    broken = Rows("the database", {"v1": RuntimeError("no right to read")})
    assessment = assess(broken, seconds=seconds)
    assert [gap.rule for gap in assessment.not_proven] == [rules.WRITES_COMPARED]
    assert assessment.checked == ()


def test_a_number_of_two_patients_is_a_finding_unless_declared() -> None:
    rows = {"a": {"mrn": "run-1"}, "b": {"mrn": "run-1"}}
    records = [ExpectedRecord("patient", name, name, (row,)) for name, row in rows.items()]
    comparison = WriteComparison([Rows("the database", rows)], (), 9, clock=lambda: 1.0)
    (finding,) = comparison.assess(records, unique_numbers=True).findings
    assert (finding.rule, finding.subject) == (rules.NUMBER_GIVEN_ONCE, "record number run-1")
    assert comparison.assess(records, unique_numbers=False).findings == ()

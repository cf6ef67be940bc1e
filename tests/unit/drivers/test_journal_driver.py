"""What a documented example may have changed is expected no longer; a refusal changes nothing."""

from __future__ import annotations

import contextlib
from typing import Any, cast

import pytest

from cutover_gates.drivers.journal_driver import JournalDriver
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.hospital import Answer, Driver, DriverFeatures, Operation, Unreachable
from cutover_gates.hospital.write_journal import SentWrite, WriteJournal

VISIT = {"patient_id": "p1", "status": "open", "reason": "pain"}


class Refusing:
    """A hospital that answers each documented example in one way."""

    features = DriverFeatures()

    def __init__(self, answer: int | Exception) -> None:
        self._answer = answer

    def attempt(self, *_: Any) -> Answer:
        if isinstance(self._answer, Exception):
            raise self._answer
        return Answer(self._answer, {}, b"")


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("PUT", 403, ["v1"]),
        ("PUT", 404, ["v1"]),
        ("PUT", GuardError("production"), ["v1"]),
        ("GET", 200, ["v1"]),
        ("PUT", 200, []),
        ("PUT", 500, []),
        ("PUT", Unreachable("no answer"), []),
    ],
)
def test_only_a_refused_example_leaves_a_record_expected(
    method: str, answer: int | Exception, expected: list[str]
) -> None:
    journal = WriteJournal()
    journal.add("visit", "v1", "p1", SentWrite(VISIT, 1.0, 2.0))
    driver = JournalDriver(cast(Driver, Refusing(answer)), journal)
    operation = Operation(method, "/visits/{id}", protected=True, statuses=frozenset())
    with contextlib.suppress(GuardError, Unreachable):
        driver.attempt(operation, None, {"visit_id": "v1"})
    records = journal.expected_records(lambda draft: draft)
    assert [record.id for record in records] == expected

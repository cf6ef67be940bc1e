"""From what a run tells to what it proves: nothing that was not asked, answered and let in counts
as proof.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cutover.contract.configuration import Plan
from cutover.contract.document import Described
from cutover.contract.fuzzing import EVERY, Fuzzing
from cutover.contract.report import facts
from cutover.contract.running import Course
from cutover.evidence import Examination, NotProven
from cutover.matchers import sound
from tests.unit.contract.documents import (
    CLEAN,
    DEEP,
    OPEN,
    READ,
    SAFE,
    WRITE,
    asked,
    course,
    document,
    failure,
)

TODAY = date(2026, 11, 24)


def fuzzing(found: Course, plan: Plan = SAFE, **changes: Any) -> Fuzzing:
    return Fuzzing(
        facts(Described(document(**changes), "http://127.0.0.1:1"), plan, found), (), TODAY
    )


def error(kind: str, title: str = "Network Error") -> dict[str, Any]:
    """What the observer tells where schemathesis could not go on."""
    return {
        "kind": "error",
        "operation": READ,
        "phase": "coverage",
        "title": title,
        "type": kind,
        "curl": "curl -X GET",
    }


def said(examination: Examination) -> str:
    with pytest.raises(NotProven) as hole:
        sound(examination)
    return str(hole.value)


def test_a_clean_run_proves_what_it_asked() -> None:
    """And shows what it left out, and how much of the document it saw."""
    run = fuzzing(course(*CLEAN))
    for examination in (run.run(), run.operation(READ), run.operation(OPEN), run.operation(EVERY)):
        sound(examination)
    assert run.facts["left_out"] == [WRITE]
    covered = run.run().facts["coverage"]
    assert (
        covered["operations"],
        covered["asked"],
        covered["parameters"],
        covered["sent_parameters"],
    ) == (2, 2, 1, 1)
    assert covered["not_seen"] == {READ: ["401", "404"]}


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (course(*CLEAN, ended="the run did not end within 80 s, and was stopped"), "was stopped"),
        (course(*CLEAN, complete=False, stop_reason="error"), "did not come to its end: error"),
        (course(*CLEAN, complete=False), "not complete"),
        (course(*CLEAN, stop_reason="interrupted"), "its time was over (seconds = 60)"),
        (course(*CLEAN, phases={"coverage": "skip"}), "the phase coverage was not done: skip"),
        (
            course(*CLEAN, {"kind": "shut out", "why": "no token opened GET /a, up to the end"}),
            "let in no more",
        ),
        (course(*CLEAN, stop_reason="server_unavailable"), "server_unavailable"),
        (
            course(
                *CLEAN,
                {
                    "kind": "error",
                    "operation": "",
                    "phase": "",
                    "title": "Schema Loading Error",
                    "type": "LoaderError",
                    "curl": "",
                },
            ),
            "Schema Loading Error",
        ),
    ],
)
def test_a_run_that_did_not_come_to_its_end_proves_nothing(found: Course, says: str) -> None:
    assert says in said(fuzzing(found).run())


def test_a_deep_run_does_all_that_it_is_meant_to() -> None:
    """Every operation at random, too, and links to their end, unless the document has none; then
    again, until its time is over. When that comes sooner, links were not followed.
    """
    deep = [
        asked(operation, phase)
        for operation in (READ, WRITE, OPEN)
        for phase in ("coverage", "fuzzing")
    ]
    once = course(*deep, stop_reason="max_time")
    whole = replace(
        once, notes=(*once.notes, {"kind": "phase", "phase": "fuzzing", "ended": "success"})
    )
    for found in (course(*deep), course(*deep, phases={"stateful": "not_applicable"}), whole):
        clean = fuzzing(found, DEEP)
        sound(clean.run())
        sound(clean.operation(EVERY))
    assert "fuzzing never asked it" in said(fuzzing(course(*CLEAN), DEEP).operation(READ))
    assert "the phase stateful was not done" in said(
        fuzzing(course(*deep, stop_reason="max_time"), DEEP).run()
    )
    assert "its time was over (deep_seconds = 300)" in said(
        fuzzing(course(*deep, stop_reason="interrupted"), DEEP).run()
    )


def test_links_that_nobody_could_follow_are_not_proven() -> None:
    """Where the document has none there is nothing to follow; where it has some, "not applicable"
    means that they were not.
    """
    deep = [
        asked(operation, phase)
        for operation in (READ, WRITE, OPEN)
        for phase in ("coverage", "fuzzing")
    ]
    linked = document()
    linked["paths"]["/things"]["post"]["responses"]["201"]["links"] = {
        "made": {"operationId": "nowhere"}
    }
    unfollowed = course(*deep, phases={"stateful": "not_applicable"})
    assert "the phase stateful was not done: not_applicable" in said(
        fuzzing(unfollowed, DEEP, **linked).run()
    )
    sound(fuzzing(unfollowed, DEEP).run())


def test_a_document_without_operations_proves_nothing() -> None:
    assert "no operation was tried" in said(fuzzing(course(), paths={}).run())


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (None, "coverage never asked it"),
        (asked(READ, "examples"), "coverage never asked it"),
        (asked(READ, ended="interrupted"), "its coverage was interrupted"),
        (asked(READ, ended="error"), "its coverage was error"),
        (asked(READ, requests=2, unanswered=2), "never answered"),
        (
            asked(READ, s401=3),
            "never let the run's account in (coverage): with a token it answered 3 times 401",
        ),
        (asked(READ, s401=3, s403=1), "3 times 401, 1 times 403"),
        (asked(READ, s200=1, signed_in={}), "with a token it answered nothing"),
    ],
)
def test_an_operation_that_was_not_tried_is_not_proven(
    note: dict[str, Any] | None, says: str
) -> None:
    """Not asked, cut short, silent; and an expired or useless token, with which everything behind
    the door stays untried.
    """
    assert says in said(
        fuzzing(course(*([note] if note else []), asked(OPEN, signed_in={}))).operation(READ)
    )


def test_being_let_in_before_is_no_proof_of_what_came_later() -> None:
    """A token that dies between two phases leaves the second one before closed doors."""
    late = fuzzing(course(asked(READ, "examples"), asked(READ, s401=3), asked(OPEN, signed_in={})))
    assert "never let the run's account in (coverage)" in said(late.operation(READ))


def test_an_error_of_schemathesis_is_no_proof() -> None:
    run = fuzzing(
        course(asked(READ, ended="error"), asked(OPEN), error("InvalidSchema", "Schema Error"))
    )
    assert "schemathesis could not go on (coverage): Schema Error" in said(run.operation(READ))
    sound(run.operation(OPEN))


def test_an_error_in_one_turn_of_many_is_told_and_no_more() -> None:
    """A deep run asks each operation again and again.

    A body that cannot be sent in one turn takes nothing from the others.
    """
    phases = [asked(READ), asked(READ, "fuzzing"), asked(READ, "fuzzing", ended="error")]
    run = fuzzing(
        course(
            *phases,
            {**error("SerializationNotPossible", "Serialization not possible"), "phase": "fuzzing"},
        ),
        DEEP,
    )
    examination = run.operation(READ)
    sound(examination)
    assert "Serialization not possible" in str(examination.facts)


@pytest.mark.parametrize(
    "found",
    [
        course(*CLEAN, error("ConnectionError")),
        course(asked(READ, requests=1, unanswered=1), error("ReadTimeout")),
    ],
)
def test_a_request_that_is_not_answered_is_a_finding(found: Course) -> None:
    """Cut where others are answered, or not in time."""
    with pytest.raises(AssertionError, match="every request is answered, and in time"):
        sound(fuzzing(found).operation(READ))


def test_a_target_that_is_gone_is_no_finding() -> None:
    """Nothing is known of it."""
    silent = [
        {
            **asked(operation, ended="error", requests=2, unanswered=2),
            "statuses": {},
            "signed_in": {},
        }
        for operation in (READ, OPEN)
    ]
    run = fuzzing(course(*silent, error("ConnectionError")))
    assert "not one operation answered" in said(run.run())
    assert "never answered" in said(run.operation(READ))


def test_a_failure_is_a_finding_of_its_operation_alone() -> None:
    run = fuzzing(course(*CLEAN, failure()))
    with pytest.raises(AssertionError, match="never fails inside"):
        sound(run.operation(READ))
    sound(run.operation(OPEN))
    sound(run.run())


def test_a_failure_that_belongs_to_no_operation_is_not_lost() -> None:
    with pytest.raises(AssertionError, match="Run checks"):
        sound(fuzzing(course(*CLEAN, failure("Run checks"))).run())


def test_an_operation_that_is_not_in_the_run_is_not_proven() -> None:
    assert "was not tried" in said(fuzzing(course(*CLEAN)).operation("GET /elsewhere"))

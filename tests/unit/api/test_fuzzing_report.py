"""From what a run tells to what it proves: nothing that was not asked, answered and let in counts
as proof.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.fuzzing.assessments import ALL_OPERATIONS, FuzzAssessments
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile
from cutover_gates.probes.api.fuzzing.fuzz_runner import FuzzResult
from cutover_gates.probes.api.fuzzing.fuzz_summary import summarize_run
from tests.unit.api.api_documents import (
    CLEAN,
    DEEP,
    OPEN,
    READ,
    SAFE,
    WRITE,
    course,
    document,
    failure,
    operation_result,
)

TODAY = date(2026, 11, 24)


def fuzzing(found: FuzzResult, plan: FuzzProfile = SAFE, **changes: Any) -> FuzzAssessments:
    return FuzzAssessments(
        summarize_run(ApiDocument(document(**changes), "http://127.0.0.1:1"), plan, found),
        (),
        TODAY,
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


def said(examination: Assessment) -> str:
    with pytest.raises(NotProven) as hole:
        assert_passed(examination)
    return str(hole.value)


def test_a_clean_run_proves_what_it_asked() -> None:
    """And shows what it left out, and how much of the document it saw."""
    run = fuzzing(course(*CLEAN))
    for examination in (
        run.assess_run(),
        run.assess_operation(READ),
        run.assess_operation(OPEN),
        run.assess_operation(ALL_OPERATIONS),
    ):
        assert_passed(examination)
    assert run.summary["left_out"] == [WRITE]
    covered = run.assess_run().figures["coverage"]
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
def test_a_run_that_did_not_come_to_its_end_proves_nothing(found: FuzzResult, says: str) -> None:
    assert says in said(fuzzing(found).assess_run())


def test_a_deep_run_does_all_that_it_is_meant_to() -> None:
    """Every operation at random, too, and links to their end, unless the document has none; then
    again, until its time is over. When that comes sooner, links were not followed.
    """
    deep = [
        operation_result(operation, phase)
        for operation in (READ, WRITE, OPEN)
        for phase in ("coverage", "fuzzing")
    ]
    once = course(*deep, stop_reason="max_time")
    whole = replace(
        once, notes=(*once.notes, {"kind": "phase", "phase": "fuzzing", "ended": "success"})
    )
    for found in (course(*deep), course(*deep, phases={"stateful": "not_applicable"}), whole):
        clean = fuzzing(found, DEEP)
        assert_passed(clean.assess_run())
        assert_passed(clean.assess_operation(ALL_OPERATIONS))
    assert "fuzzing never asked it" in said(fuzzing(course(*CLEAN), DEEP).assess_operation(READ))
    assert "the phase stateful was not done" in said(
        fuzzing(course(*deep, stop_reason="max_time"), DEEP).assess_run()
    )
    assert "its time was over (deep_seconds = 300)" in said(
        fuzzing(course(*deep, stop_reason="interrupted"), DEEP).assess_run()
    )


def test_links_that_nobody_could_follow_are_not_proven() -> None:
    """Where the document has none there is nothing to follow; where it has some, "not applicable"
    means that they were not.
    """
    deep = [
        operation_result(operation, phase)
        for operation in (READ, WRITE, OPEN)
        for phase in ("coverage", "fuzzing")
    ]
    linked = document()
    linked["paths"]["/things"]["post"]["responses"]["201"]["links"] = {
        "made": {"operationId": "nowhere"}
    }
    unfollowed = course(*deep, phases={"stateful": "not_applicable"})
    assert "the phase stateful was not done: not_applicable" in said(
        fuzzing(unfollowed, DEEP, **linked).assess_run()
    )
    assert_passed(fuzzing(unfollowed, DEEP).assess_run())


def test_a_document_without_operations_proves_nothing() -> None:
    assert "no operation was tried" in said(fuzzing(course(), paths={}).assess_run())


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (None, "coverage never asked it"),
        (operation_result(READ, "examples"), "coverage never asked it"),
        (operation_result(READ, ended="interrupted"), "its coverage was interrupted"),
        (operation_result(READ, ended="error"), "its coverage was error"),
        (operation_result(READ, requests=2, unanswered=2), "never answered"),
        (
            operation_result(READ, s401=3),
            "never let the run's account in (coverage): with a token it answered 3 times 401",
        ),
        (operation_result(READ, s401=3, s403=1), "3 times 401, 1 times 403"),
        (operation_result(READ, s200=1, signed_in={}), "with a token it answered nothing"),
    ],
)
def test_an_operation_that_was_not_tried_is_not_proven(
    note: dict[str, Any] | None, says: str
) -> None:
    """Not asked, cut short, silent; and an expired or useless token, with which everything behind
    the door stays untried.
    """
    assert says in said(
        fuzzing(
            course(*([note] if note else []), operation_result(OPEN, signed_in={}))
        ).assess_operation(READ)
    )


def test_being_let_in_before_is_no_proof_of_what_came_later() -> None:
    """A token that dies between two phases leaves the second one before closed doors."""
    late = fuzzing(
        course(
            operation_result(READ, "examples"),
            operation_result(READ, s401=3),
            operation_result(OPEN, signed_in={}),
        )
    )
    assert "never let the run's account in (coverage)" in said(late.assess_operation(READ))


def test_an_error_of_schemathesis_is_no_proof() -> None:
    run = fuzzing(
        course(
            operation_result(READ, ended="error"),
            operation_result(OPEN),
            error("InvalidSchema", "Schema Error"),
        )
    )
    assert "schemathesis could not go on (coverage): Schema Error" in said(
        run.assess_operation(READ)
    )
    assert_passed(run.assess_operation(OPEN))


def test_an_error_in_one_turn_of_many_is_told_and_no_more() -> None:
    """A deep run asks each operation again and again.

    A body that cannot be sent in one turn takes nothing from the others.
    """
    phases = [
        operation_result(READ),
        operation_result(READ, "fuzzing"),
        operation_result(READ, "fuzzing", ended="error"),
    ]
    run = fuzzing(
        course(
            *phases,
            {**error("SerializationNotPossible", "Serialization not possible"), "phase": "fuzzing"},
        ),
        DEEP,
    )
    examination = run.assess_operation(READ)
    assert_passed(examination)
    assert "Serialization not possible" in str(examination.figures)


@pytest.mark.parametrize(
    "found",
    [
        course(*CLEAN, error("ConnectionError")),
        course(operation_result(READ, requests=1, unanswered=1), error("ReadTimeout")),
    ],
)
def test_a_request_that_is_not_answered_is_a_finding(found: FuzzResult) -> None:
    """Cut where others are answered, or not in time."""
    with pytest.raises(AssertionError, match="every request is answered, and in time"):
        assert_passed(fuzzing(found).assess_operation(READ))


def test_a_target_that_is_gone_is_no_finding() -> None:
    """Nothing is known of it."""
    silent = [
        {
            **operation_result(operation, ended="error", requests=2, unanswered=2),
            "statuses": {},
            "signed_in": {},
        }
        for operation in (READ, OPEN)
    ]
    run = fuzzing(course(*silent, error("ConnectionError")))
    assert "not one operation answered" in said(run.assess_run())
    assert "never answered" in said(run.assess_operation(READ))


def test_a_failure_is_a_finding_of_its_operation_alone() -> None:
    run = fuzzing(course(*CLEAN, failure()))
    with pytest.raises(AssertionError, match="never fails inside"):
        assert_passed(run.assess_operation(READ))
    assert_passed(run.assess_operation(OPEN))
    assert_passed(run.assess_run())


def test_a_failure_that_belongs_to_no_operation_is_not_lost() -> None:
    with pytest.raises(AssertionError, match="Run checks"):
        assert_passed(fuzzing(course(*CLEAN, failure("Run checks"))).assess_run())


def test_an_operation_that_is_not_in_the_run_is_not_proven() -> None:
    assert "was not tried" in said(fuzzing(course(*CLEAN)).assess_operation("GET /elsewhere"))

"""From what a run tells to what it proves: nothing that was not asked, answered and let in counts
as proof.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.assessments import ALL_OPERATIONS, FuzzAssessments
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile
from cutover_gates.probes.api.fuzzing.fuzz_gaps import RUN
from cutover_gates.probes.api.fuzzing.fuzz_summary import summarize_run
from cutover_gates.probes.api.fuzzing.model import FuzzResult, FuzzSummary
from tests.findings import list_breaches
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
        "bound": "",
        "curl": "curl -X GET",
    }


def gaps(assessment: Assessment, rule: Rule) -> list[tuple[str, str]]:
    """The subjects and reasons of what could not be proven of a rule. Nothing is wrong."""
    assert not assessment.findings
    return [(gap.subject, gap.actual) for gap in assessment.not_proven if gap.rule == rule]


def test_a_clean_run_proves_what_it_asked() -> None:
    """And shows what it left out, and how much of the document it saw."""
    run = fuzzing(course(*CLEAN))
    for assessment in (
        run.assess_run(),
        run.assess_operation(READ),
        run.assess_operation(OPEN),
        run.assess_operation(ALL_OPERATIONS),
    ):
        assert_passed(assessment)
    assert run.summary.left_out == (WRITE,)
    covered = run.assess_run().figures["coverage"]
    assert (
        covered["operations"],
        covered["asked"],
        covered["parameters"],
        covered["sent_parameters"],
    ) == (2, 2, 1, 1)
    assert covered["not_seen"] == {READ: ["401", "404"]}


@pytest.mark.parametrize(
    ("found", "rule", "subject", "says"),
    [
        (
            course(*CLEAN, ended="the run did not end within 80 s, and was stopped"),
            rules.RUN_COMPLETE,
            RUN,
            "was stopped",
        ),
        (
            course(*CLEAN, complete=False, stop_reason="error"),
            rules.RUN_COMPLETE,
            RUN,
            "error",
        ),
        (course(*CLEAN, complete=False), rules.RUN_COMPLETE, RUN, "incomplete"),
        (course(*CLEAN, stop_reason="interrupted"), rules.RUN_COMPLETE, RUN, "(seconds = 60)"),
        (
            course(*CLEAN, phases={"coverage": "skip"}),
            rules.RUN_COMPLETE,
            "phase coverage",
            "not done: skip",
        ),
        (
            course(*CLEAN, {"kind": "shut out", "why": "no token opened GET /a, up to the end"}),
            rules.ACCOUNT_ADMITTED,
            RUN,
            "no token opened GET /a",
        ),
        (
            course(*CLEAN, stop_reason="server_unavailable"),
            rules.RUN_COMPLETE,
            RUN,
            "server_unavailable",
        ),
        (
            course(
                *CLEAN,
                {
                    "kind": "error",
                    "operation": "",
                    "phase": "",
                    "title": "Schema Loading Error",
                    "type": "LoaderError",
                    "bound": "",
                    "curl": "",
                },
            ),
            rules.RUN_COMPLETE,
            "the start",
            "Schema Loading Error",
        ),
    ],
)
def test_a_run_that_did_not_come_to_its_end_proves_nothing(
    found: FuzzResult, rule: Rule, subject: str, says: str
) -> None:
    reasons = gaps(fuzzing(found).assess_run(), rule)
    assert any(where == subject and says in why for where, why in reasons), reasons


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
    shallow = fuzzing(course(*CLEAN), DEEP).assess_operation(READ)
    assert (READ, "phase fuzzing never requested it") in gaps(shallow, rules.OPERATION_TESTED)
    timed_out = fuzzing(course(*deep, stop_reason="max_time"), DEEP).assess_run()
    assert "phase stateful" in dict(gaps(timed_out, rules.RUN_COMPLETE))
    interrupted = fuzzing(course(*deep, stop_reason="interrupted"), DEEP).assess_run()
    assert "(deep_seconds = 300)" in dict(gaps(interrupted, rules.RUN_COMPLETE))[RUN]


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
    unproven = gaps(fuzzing(unfollowed, DEEP, **linked).assess_run(), rules.RUN_COMPLETE)
    assert unproven == [("phase stateful", "not done: not_applicable")]
    assert_passed(fuzzing(unfollowed, DEEP).assess_run())


def test_a_document_without_operations_proves_nothing() -> None:
    assert gaps(fuzzing(course(), paths={}).assess_run(), rules.OPERATIONS_ANSWER)


@pytest.mark.parametrize(
    ("note", "rule", "says"),
    [
        (None, rules.OPERATION_TESTED, "phase coverage never requested it"),
        (operation_result(READ, "examples"), rules.OPERATION_TESTED, "coverage never requested"),
        (operation_result(READ, ended="interrupted"), rules.OPERATION_TESTED, "interrupted"),
        (operation_result(READ, ended="error"), rules.OPERATION_TESTED, "coverage: error"),
        (
            operation_result(READ, requests=2, unanswered=2),
            rules.OPERATION_TESTED,
            "never answered",
        ),
        (operation_result(READ, s401=3), rules.ACCOUNT_ADMITTED, "(401 ×3, coverage)"),
        (operation_result(READ, s401=3, s403=1), rules.ACCOUNT_ADMITTED, "(401 ×3, 403 ×1, "),
        (operation_result(READ, s200=1, signed_in={}), rules.ACCOUNT_ADMITTED, "(none sent, "),
    ],
)
def test_an_operation_that_was_not_tried_is_not_proven(
    note: dict[str, Any] | None, rule: Rule, says: str
) -> None:
    """Not asked, cut short, silent; and an expired or useless token, with which everything behind
    the door stays untried.
    """
    notes = [note] if note else []
    run = fuzzing(course(*notes, operation_result(OPEN, signed_in={})))
    reasons = gaps(run.assess_operation(READ), rule)
    assert any(where == READ and says in why for where, why in reasons), reasons


def test_being_let_in_before_is_no_proof_of_what_came_later() -> None:
    """A token that dies between two phases leaves the second one before closed doors."""
    late = fuzzing(
        course(
            operation_result(READ, "examples"),
            operation_result(READ, s401=3),
            operation_result(OPEN, signed_in={}),
        )
    )
    ((subject, reason),) = gaps(late.assess_operation(READ), rules.ACCOUNT_ADMITTED)
    assert (subject, "coverage" in reason) == (READ, True)


def test_an_error_of_schemathesis_is_no_proof() -> None:
    run = fuzzing(
        course(
            operation_result(READ, ended="error"),
            operation_result(OPEN),
            error("InvalidSchema", "Schema Error"),
        )
    )
    reasons = gaps(run.assess_operation(READ), rules.OPERATION_TESTED)
    assert any("(coverage): Schema Error" in reason for _, reason in reasons), reasons
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
    assessment = run.assess_operation(READ)
    assert_passed(assessment)
    assert "Serialization not possible" in str(assessment.figures)


@pytest.mark.parametrize(
    "found",
    [
        course(*CLEAN, error("ConnectionError")),
        course(operation_result(READ, requests=1, unanswered=1), error("ReadTimeout")),
    ],
)
def test_a_request_that_is_not_answered_is_a_finding(found: FuzzResult) -> None:
    """Cut where others are answered, or not in time."""
    breaches = list_breaches(fuzzing(found).assess_operation(READ))
    assert breaches == [(rules.ANSWERED, READ)]


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
    assert gaps(run.assess_run(), rules.OPERATIONS_ANSWER)
    assert (READ, "it never answered") in gaps(run.assess_operation(READ), rules.OPERATION_TESTED)


def test_a_failure_is_a_finding_of_its_operation_alone() -> None:
    run = fuzzing(course(*CLEAN, failure()))
    assert list_breaches(run.assess_operation(READ)) == [(rules.NO_SERVER_ERROR, READ)]
    assert_passed(run.assess_operation(OPEN))
    assert_passed(run.assess_run())


def test_a_failure_that_belongs_to_no_operation_is_not_lost() -> None:
    stray = fuzzing(course(*CLEAN, failure("Run checks"))).assess_run()
    assert list_breaches(stray) == [(rules.NO_SERVER_ERROR, "Run checks")]


def test_an_operation_that_is_not_in_the_run_is_not_proven() -> None:
    elsewhere = fuzzing(course(*CLEAN)).assess_operation("GET /elsewhere")
    ((subject, _),) = gaps(elsewhere, rules.OPERATION_TESTED)
    assert subject == "GET /elsewhere"


def test_a_summary_is_the_same_after_it_crossed_a_process() -> None:
    summary = fuzzing(course(*CLEAN, failure(), error("ReadTimeout"))).summary
    assert FuzzSummary.from_plain(json.loads(json.dumps(summary.to_plain()))) == summary

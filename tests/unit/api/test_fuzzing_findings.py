"""One finding for one cause, and what somebody answers for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.acceptances import (
    AcceptanceTerms,
    AcceptedFinding,
    apply_acceptances,
    load_acceptances,
)
from cutover_gates.probes.api.fuzzing.assessments import FuzzAssessments
from cutover_gates.probes.api.fuzzing.fuzz_findings import group_failures, to_finding
from cutover_gates.probes.api.fuzzing.fuzz_summary import summarize_run
from tests.findings import list_breaches
from tests.unit.api.api_documents import CLEAN, OPEN, READ, SAFE, WRITE, course, document, failure

TODAY = date(2026, 11, 24)
ACCEPTED = AcceptedFinding(
    READ, "not_a_server_error", "mended in 2.1", "Ada Example", date(2026, 12, 1)
)


def test_one_cause_is_one_finding() -> None:
    """With the smallest request that shows it, and how often it came."""
    small, large = failure(curl="curl small"), failure(curl="curl a much larger one")
    (finding,) = group_failures([large, small, large])
    assert (finding.curl, finding.count) == ("curl small", 3)


def test_another_operation_check_status_or_shape_is_another_finding() -> None:
    others = [
        failure(),
        failure(OPEN, curl="curl 1"),
        failure(check="use_after_free", curl="curl 2"),
        failure(status=503, curl="curl 3"),
        failure(shape="$.name breaks type", curl="curl 4"),
    ]
    assert len(group_failures(others)) == len(others)


def test_one_request_is_one_finding() -> None:
    """Of the gravest rule that it breaks, and it names the others; an acceptance of any of them
    covers it.
    """
    (finding,) = group_failures(
        [
            failure(check="status_code_conformance"),
            failure(),
            failure(check="positive_data_acceptance"),
        ]
    )
    assert finding.check == "not_a_server_error"
    assert finding.also == ("status_code_conformance", "positive_data_acceptance")
    shown = to_finding(finding)
    assert (shown.rule, shown.subject) == (rules.NO_SERVER_ERROR, READ)
    assert shown.actual.endswith("status_code_conformance, positive_data_acceptance")
    assert AcceptedFinding(READ, "status_code_conformance", "why", "Ada", TODAY).covers(finding)


def test_a_request_can_be_pasted() -> None:
    """With the token that the reader has."""
    (finding,) = group_failures(
        [
            failure(
                curl=(
                    "curl -X GET -H 'Authorization: [Filtered]' -H 'X-Token: [Filtered]'"
                    " http://127.0.0.1:1/x"
                )
            )
        ]
    )
    assert (
        finding.curl
        == 'curl -X GET -H "Authorization: Bearer $TOKEN" -H "X-Token: $TOKEN" http://127.0.0.1:1/x'
    )


def test_a_finding_says_rule_what_came_and_how_to_see_it() -> None:
    (finding,) = group_failures([failure(message="two\n\nlines", curl="curl one\ncurl two")])
    assert to_finding(finding) == Finding(
        rules.NO_SERVER_ERROR,
        "GET /things/{thing_id}",
        actual="Server error, HTTP 500, two lines",
        reproduce="curl one\ncurl two",
    )


def test_what_is_accepted_is_no_finding() -> None:
    assert apply_acceptances([ACCEPTED], group_failures([failure()]), TODAY, "safe") == ([], [])


def test_what_is_not_accepted_is() -> None:
    """Another check at the same operation, or the same at another."""
    for other in (failure(check="use_after_free"), failure(OPEN)):
        open_, gone = apply_acceptances([ACCEPTED], group_failures([other]), TODAY, "safe")
        assert (len(open_), len(gone)) == (1, 1)


def test_an_acceptance_ends_with_its_day() -> None:
    """After it the finding is one again, and the row is told as expired."""
    assert apply_acceptances([ACCEPTED], group_failures([failure()]), ACCEPTED.expires, "safe") == (
        [],
        [],
    )
    open_, told = apply_acceptances(
        [ACCEPTED], group_failures([failure()]), date(2026, 12, 2), "safe"
    )
    assert len(open_) == 1
    assert [finding.rule for finding in told] == [rules.ACCEPTANCE_VALID]
    assert told[0].subject == f"{READ}: not_a_server_error"
    assert "Ada Example" in told[0].actual


LONG = AcceptanceTerms("2.0.0", 30)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"expires": date(2026, 12, 31)}, "at most 30 days"),
        ({"at": date(2026, 10, 1)}, "at most 30 days"),
        ({"at": date(2027, 1, 1)}, "decided on 2026-11-24 at the latest"),
    ],
)
def test_an_acceptance_lasts_no_longer_than_a_term(changed: dict[str, Any], says: str) -> None:
    """Without a day of decision the term counts from today."""
    open_, told = apply_acceptances(
        [replace(ACCEPTED, **changed)], group_failures([failure()]), TODAY, "safe", LONG
    )
    assert len(open_) == 1
    assert says in told[0].expected


def test_an_acceptance_for_another_release_is_passed_over() -> None:
    """It neither covers the finding, nor is it one."""
    other = replace(ACCEPTED, release="1.9.0")
    open_, told = apply_acceptances([other], group_failures([failure()]), TODAY, "safe", LONG)
    assert (len(open_), told) == (1, [])


def test_an_acceptance_may_name_the_rule() -> None:
    named = replace(ACCEPTED, check="", rule=rules.NO_SERVER_ERROR.id)
    assert apply_acceptances([named], group_failures([failure()]), TODAY, "safe") == ([], [])


def test_what_touches_access_is_never_accepted() -> None:
    """Also where the same request breaks something harmless, which is accepted."""
    (finding,) = group_failures(
        [failure(check="ignored_auth"), failure(check="status_code_conformance")]
    )
    harmless = replace(ACCEPTED, check="status_code_conformance")
    assert "status_code_conformance" in (finding.check, *finding.also)
    assert not harmless.covers(finding)


def test_what_only_a_deep_run_sees_is_not_missed_by_a_safe_one() -> None:
    deep = AcceptedFinding(READ, "not_a_server_error", "why", "Ada", date(2026, 12, 1), "deep")
    assert apply_acceptances([deep], [], TODAY, "safe") == ([], [])
    assert len(apply_acceptances([deep], [], TODAY, "deep")[1]) == 1


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (ACCEPTED, rules.ACCEPTANCE_NEEDED),
        (
            AcceptedFinding("GET /gone", "not_a_server_error", "why", "Ada", date(2026, 12, 1)),
            rules.ACCEPTANCE_NEEDED,
        ),
        (
            AcceptedFinding(WRITE, "not_a_server_error", "why", "Ada", date(2026, 1, 1)),
            rules.ACCEPTANCE_VALID,
        ),
    ],
)
def test_an_acceptance_of_nothing_fails_the_run(row: AcceptedFinding, rule: Rule) -> None:
    """Its finding is mended, or its operation is gone, or its day is over."""
    run = FuzzAssessments(
        summarize_run(ApiDocument(document(), ""), SAFE, course(*CLEAN)), (row,), TODAY
    )
    breaches = [*list_breaches(run.assess_run()), *list_breaches(run.assess_operation(READ))]
    assert breaches == [(rule, f"{row.operation}: {row.check}")]


def test_an_operation_that_a_safe_run_leaves_out_keeps_its_acceptance() -> None:
    row = AcceptedFinding(WRITE, "not_a_server_error", "why", "Ada", date(2026, 12, 1))
    assert_passed(
        FuzzAssessments(
            summarize_run(ApiDocument(document(), ""), SAFE, course(*CLEAN)), (row,), TODAY
        ).assess_run()
    )


GOOD = (
    '[[finding]]\noperation = "GET /x"\ncheck = "use_after_free"\nreason = "r"\nowner ='
    ' "o"\nexpires = 2027-01-31\n'
)


def test_the_file_is_read(tmp_path: Path) -> None:
    """A missing one holds nothing."""
    path = tmp_path / "known.toml"
    assert load_acceptances(path) == ()
    path.write_text(GOOD + 'mode = "deep"\n')
    assert load_acceptances(path) == (
        AcceptedFinding("GET /x", "use_after_free", "r", "o", date(2027, 1, 31), "deep"),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("owner", "ownr"), "unknown key 'ownr'"),
        (GOOD.replace('owner = "o"\n', ""), "'owner' is missing"),
        (GOOD.replace('"r"', '" "'), "'reason' must be a text"),
        (GOOD.replace("use_after_free", "use_after_fre"), "use_after_free"),
        (GOOD.replace("2027-01-31", '"soon"'), "expires must be a date"),
        (GOOD + 'mode = "x"', "mode must be"),
        (GOOD + 'at = "today"', "at must be a date"),
        (GOOD + 'rule = "FUZZ-999"', "there is no rule 'FUZZ-999'"),
        (GOOD.replace("use_after_free", "ignored_auth"), "ignored_auth is never accepted"),
        (GOOD.replace('check = "use_after_free"', 'rule = "FUZZ-007"'), "is never accepted"),
        ("[finding]\na = 1", "two brackets"),
        ("[[findings]]", "two brackets"),
        ("[[finding", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "known.toml").write_text(text)
    with pytest.raises(SettingsError, match=says.replace("[", r"\[")):
        load_acceptances(tmp_path / "known.toml")

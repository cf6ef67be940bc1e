"""The text of findings: made in one place, from rule, subject and values."""

from __future__ import annotations

from dataclasses import replace

import execnet
import pytest

from cutover_gates.core.findings import (
    MOST_LINES,
    MOST_SUBJECTS,
    THIS_CHECK,
    Finding,
    NotProven,
    Rule,
    describe_finding,
    explain_findings,
    fold_findings,
)
from cutover_gates.core.triggers.trigger_names import TriggerName, TriggerState

RULE = Rule("DATA-999", "No row is lost", "A lost row is a lost record.", "Restore the rows.")
LOST = Finding(RULE, "visits", "12 rows", "9 rows", "select count(*) from visits")


def test_a_line_names_subject_expected_and_actual() -> None:
    """In this order, with the count where it occurred more than once."""
    line = describe_finding(replace(LOST, count=3))
    places = [line.index(part) for part in (LOST.subject, LOST.expected, LOST.actual, "3")]
    assert places == sorted(places)
    assert "3" not in describe_finding(replace(LOST, count=1))


@pytest.mark.parametrize("missing", ["subject", "expected", "actual"])
def test_a_line_needs_no_value_that_is_not_there(missing: str) -> None:
    """A gap has no expectation, and a rule may have one subject only."""
    finding = Finding.from_plain(LOST.to_plain() | {missing: ""})
    line = describe_finding(finding)
    assert line == line.strip(" :,")
    assert all(part in line for part in (finding.subject, finding.expected, finding.actual))


def test_a_finding_without_values_says_its_rule() -> None:
    """So that no line is empty."""
    assert describe_finding(Finding(RULE)) == RULE.title


def test_a_rule_is_named_once_with_what_to_do_and_how_to_see_it_again() -> None:
    """Its findings stand below it."""
    text = explain_findings([LOST, replace(LOST, subject="beds")])
    lines = text.splitlines()
    assert RULE.title in lines[0]
    assert RULE.id in lines[0]
    assert text.count(RULE.title) == text.count(RULE.fix) == text.count(LOST.reproduce) == 1
    assert [line.strip() for line in lines[1:3]] == [
        describe_finding(LOST),
        describe_finding(replace(LOST, subject="beds")),
    ]


def test_the_running_check_has_no_heading() -> None:
    """The report names it anyway."""
    finding = Finding(THIS_CHECK, "name", "'A'", "'B'")
    assert explain_findings([finding]) == describe_finding(finding)


def test_of_many_findings_the_first_are_told_and_the_rest_counted() -> None:
    """A thousand orphan rows must not hide the other rules."""
    many = [replace(LOST, subject=f"table {number}") for number in range(MOST_LINES + 5)]
    lines = explain_findings(many).splitlines()
    assert sum("table" in line for line in lines) == MOST_LINES
    assert "5" in lines[MOST_LINES + 1]


def test_equal_causes_fold_into_one_with_their_count() -> None:
    """The first subjects are named, and the others counted."""
    many = [replace(LOST, subject=f"table {number}") for number in range(MOST_SUBJECTS + 3)]
    other = replace(LOST, actual="8 rows")
    folded, single = fold_findings([*many, other])
    assert (folded.count, single) == (MOST_SUBJECTS + 3, other)
    assert folded.subject.count("table") == MOST_SUBJECTS
    assert "3" in folded.subject.rpartition("table")[2]


def test_findings_of_different_rules_never_fold() -> None:
    """Each has its own reason and its own fix."""
    assert len(fold_findings([LOST, replace(LOST, rule=Rule("DATA-998", "x"))])) == 2


def test_a_finding_crosses_a_process_whole() -> None:
    """As JSON-able values, and back."""
    assert Finding.from_plain(LOST.to_plain()) == LOST


def test_a_finding_about_a_member_of_an_enumeration_crosses_to_another_process() -> None:
    """execnet, which carries the reports of xdist's workers, takes exact types only."""
    plain = Finding(RULE, TriggerName.ERRORS, actual=TriggerState.PENDING).to_plain()
    assert execnet.loads(execnet.dumps(plain)) == plain
    assert Finding.from_plain(plain).subject == "error-rate"


def test_what_is_not_proven_says_its_gaps() -> None:
    """Where no other reason is given."""
    gap = Finding(RULE, "visits", "", "the connection broke")
    assert describe_finding(gap) in str(NotProven(gaps=(gap,)))
    assert NotProven(gaps=(gap,)).reason == describe_finding(gap)
    assert NotProven("no snapshot").reason == "no snapshot"

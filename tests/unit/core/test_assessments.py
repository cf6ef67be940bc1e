"""The outcome of a check that asks a probe: findings fail it, gaps leave it not proven."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cutover_gates.core.evidence.assessment import (
    Assessment,
    AssessmentBuilder,
    NotProven,
    assessment_recorder,
    describe_open_findings,
)
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.findings import Finding, FindingsError, Rule
from cutover_gates.core.rules import NOTHING_CHECKED
from cutover_gates.hospital.matchers.expectations import assert_passed

RULE = Rule("DATA-999", "No row is lost")
CHECKED = ("patients", "visits")
LOST = Finding(RULE, "visits", "12 rows", "9 rows")
UNCOUNTED = Finding(RULE, "documents", "", "the connection broke")


def assess(
    findings: Sequence[Finding] = (),
    not_proven: Sequence[Finding] = (),
    checked: tuple[str, ...] = CHECKED,
) -> Assessment:
    """Return an assessment of two tables."""
    return Assessment("rows", checked, tuple(findings), tuple(not_proven))


def test_an_assessment_without_findings_and_gaps_passes() -> None:
    """There is something that was checked."""
    assert_passed(assess())


def test_a_finding_fails_the_check() -> None:
    """The error has the finding itself, for the verdict."""
    with pytest.raises(FindingsError) as error:
        assert_passed(assess([LOST]))
    assert error.value.findings == (LOST,)


def test_a_gap_leaves_the_check_not_proven() -> None:
    """The error has the gap itself, for the verdict."""
    with pytest.raises(NotProven) as error:
        assert_passed(assess(not_proven=[UNCOUNTED]))
    assert error.value.gaps == (UNCOUNTED,)


def test_a_finding_goes_before_a_gap() -> None:
    """That something is broken matters more."""
    with pytest.raises(FindingsError) as error:
        assert_passed(assess([LOST], [UNCOUNTED]))
    assert error.value.findings[0] == LOST


def test_nothing_to_check_proves_nothing() -> None:
    """An empty list of tables is a gap, and no pass."""
    with pytest.raises(NotProven) as error:
        assert_passed(assess(checked=()))
    assert [gap.rule for gap in error.value.gaps] == [NOTHING_CHECKED]


def test_what_is_added_twice_is_in_the_assessment_once() -> None:
    """Two passes over the same table find the same row."""
    builder = AssessmentBuilder()
    for _ in range(2):
        builder.add_finding(RULE, "visits", expected="12 rows", actual="9 rows")
        builder.add_gap(RULE, "documents", "the connection broke")
    assert builder.build("rows").findings == (LOST,)
    assert builder.build("rows").not_proven == (UNCOUNTED,)


def test_an_assessment_crosses_a_process_whole() -> None:
    """As JSON-able values, and back."""
    whole = assess([LOST], [UNCOUNTED])
    assert Assessment.from_plain(whole.to_plain()) == whole


@pytest.mark.parametrize(
    ("recorded", "is_open"),
    [
        ([assess()], False),
        ([assess([LOST])], True),
        ([assess(not_proven=[UNCOUNTED])], True),
        ([assess([LOST]), assess()], False),
        ([assess(), assess([LOST])], True),
        ([assess([LOST], checked=("visits",)), assess(checked=("patients",))], True),
    ],
)
def test_what_an_assessment_found_stays_open_until_all_of_it_was_examined_again(
    recorded: Sequence[Assessment], is_open: bool
) -> None:
    """A check may ask until all is well. A look at another table answers nothing."""
    recorder = Recorder()
    recorder.begin("check")
    record = assessment_recorder(recorder)
    for assessment in recorded:
        record(assessment)
    recorder.observe("rows", seconds=2)
    assert bool(describe_open_findings(recorder.end())) is is_open


def test_no_number_of_requests_pushes_a_finding_out_of_the_evidence() -> None:
    """The evidence of a check is bounded; what an assessment in its middle found stays in it."""
    recorder = Recorder(cap=10)
    recorder.begin("check")
    for number in range(30):
        recorder.observe("request", number=number)
        if number == 12:
            assessment_recorder(recorder)(assess([LOST]))
    evidence = recorder.end()
    assert describe_open_findings(evidence)
    assert [entry["count"] for entry in evidence if entry["kind"] == "left-out"] == [20]

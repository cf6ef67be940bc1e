"""The questions to a record: what is failed, what is not proven, and what passes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cutover_gates.config.watch import Watch
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import NotProven
from cutover_gates.watch import rules
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import BEAT, OWN_GAP, PROBE
from cutover_gates.watch.record_writer import RecordWriter
from tests.unit.watch.test_record import SetClock

BEGINS, ENDS = 1_800_000_000.0, 1_800_000_060.0
INTERVALS = {"read": 0.1, "write": 0.25}


def write_minute(
    folder: Path,
    failing: Iterable[tuple[float, float, ProbeOutcome]] = (),
    until: float = ENDS,
    intervals: dict[str, float] | None = None,
    own_gap: tuple[float, float] | None = None,
) -> None:
    """Write a record of a minute. Probes that begin in a `failing` span have its outcome."""
    clock = SetClock()
    clock.now = BEGINS - 1
    head = {"release": "2.0.0", "tag": "w", "intervals": intervals or INTERVALS}
    writer = RecordWriter(folder, head, clock)
    for tick in range(int((until - BEGINS + 2) * 20)):
        clock.now = BEGINS - 1 + tick / 20
        if own_gap and own_gap[0] < clock.now < own_gap[1]:
            continue
        if own_gap and clock.now == own_gap[1]:
            writer.write(OWN_GAP, begins=own_gap[0], ends=own_gap[1], why="stopped")
        if not tick % 10:
            writer.write(BEAT)
        for path, every in (("read", 2), ("write", 5)):
            if not tick % every:
                outcome = _find_outcome(clock.now, failing)
                writer.write(PROBE, **_make_result(path, clock.now, outcome).to_plain())
    writer.close()


def _make_result(path: str, moment: float, outcome: ProbeOutcome) -> PathProbe:
    return PathProbe(path, moment, moment, 0.01, outcome, "why" if outcome != "ok" else "")


def _find_outcome(
    moment: float, failing: Iterable[tuple[float, float, ProbeOutcome]]
) -> ProbeOutcome:
    found = (outcome for begins, ends, outcome in failing if begins <= moment - BEGINS < ends)
    return next(found, ProbeOutcome.OK)


def ask(folder: Path, **settings: object) -> WatchAssessments:
    given = {
        "begins": datetime.fromtimestamp(BEGINS, UTC),
        "ends": datetime.fromtimestamp(ENDS, UTC),
        "error_share": 0.01,
        **settings,
    }
    return WatchAssessments(folder, "2.0.0", Watch.model_validate(given), clock=lambda: ENDS + 3600)


def found_rules(assessment: Assessment) -> tuple[set[str], set[str]]:
    """Return the rules of the findings, and of what is not proven."""
    return (
        {finding.rule.id for finding in assessment.findings},
        {gap.rule.id for gap in assessment.not_proven},
    )


def all_rules(asked: WatchAssessments) -> tuple[set[str], set[str]]:
    answers = [asked.assess_coverage(), asked.assess_gaps(), asked.assess_failures()]
    found = [found_rules(answer) for answer in answers]
    return set.union(*(one for one, _ in found)), set.union(*(one for _, one in found))


def test_a_quiet_watch_passes(tmp_path: Path) -> None:
    write_minute(tmp_path)
    asked = ask(tmp_path)
    assert all_rules(asked) == (set(), set())
    assert asked.assess_gaps().checked == ("read", "write")
    assert asked.assess_coverage().checked == ("read", "write")


@pytest.mark.parametrize(
    "outcome",
    [
        ProbeOutcome.NO_ANSWER,
        ProbeOutcome.TIMED_OUT,
        ProbeOutcome.WRONG_STATUS,
        ProbeOutcome.WRONG_CONTENT,
        ProbeOutcome.LATE,
        ProbeOutcome.NO_SESSION,
    ],
)
def test_a_long_gap_is_a_finding_whatever_failed(tmp_path: Path, outcome: ProbeOutcome) -> None:
    write_minute(tmp_path, [(20, 22, outcome)])
    found, _ = all_rules(ask(tmp_path))
    assert found >= {rules.NO_LONG_GAP.id, rules.GAPS_TOGETHER.id, rules.FEW_FAILURES.id}


def test_a_short_gap_is_within_the_limits(tmp_path: Path) -> None:
    write_minute(tmp_path, [(20, 20.2, ProbeOutcome.NO_ANSWER)])
    asked = ask(tmp_path, gap_share=0.02)
    assert all_rules(asked) == (set(), set())
    assert len(asked.assess_gaps().figures["gaps"]) == 2


def test_a_gap_that_may_have_been_too_long_is_not_proven(tmp_path: Path) -> None:
    """Seen for 0.2 s, and with the interval of the path up to 0.55 s."""
    write_minute(tmp_path, [(20, 20.2, ProbeOutcome.NO_ANSWER)])
    found, gaps = all_rules(ask(tmp_path, longest_gap_seconds=0.3))
    assert not found
    assert rules.NO_LONG_GAP.id in gaps


def test_many_short_gaps_are_too_much_together(tmp_path: Path) -> None:
    write_minute(tmp_path, [(second, second + 0.3, ProbeOutcome.NO_ANSWER) for second in range(60)])
    found, _ = all_rules(ask(tmp_path))
    assert rules.GAPS_TOGETHER.id in found
    assert rules.NO_LONG_GAP.id not in found


def test_a_watcher_that_stood_still_is_not_proven_and_never_failed(tmp_path: Path) -> None:
    write_minute(tmp_path, own_gap=(BEGINS + 20, BEGINS + 23))
    found, gaps = all_rules(ask(tmp_path))
    assert not found
    assert gaps == {rules.WATCHED.id}


def test_a_watch_that_ended_too_early_is_not_proven(tmp_path: Path) -> None:
    write_minute(tmp_path, until=ENDS - 10)
    assert all_rules(ask(tmp_path)) == (set(), {rules.WATCHED.id})


def test_without_an_end_the_watcher_must_still_run(tmp_path: Path) -> None:
    write_minute(tmp_path)
    assert rules.WATCHED.id in all_rules(ask(tmp_path, ends=None))[1]


@pytest.mark.parametrize("settings", [{"begins": None}, {"begins": "2100-01-01T00:00:00+00:00"}])
def test_without_a_begin_nothing_is_proven(tmp_path: Path, settings: dict[str, object]) -> None:
    write_minute(tmp_path)
    with pytest.raises(NotProven) as raised:
        ask(tmp_path, **{"ends": None, **settings}).assess_gaps()
    assert raised.value.gaps[0].rule == rules.WATCHED


def test_no_record_is_not_proven(tmp_path: Path) -> None:
    with pytest.raises(NotProven) as raised:
        ask(tmp_path).assess_coverage()
    assert raised.value.gaps[0].rule == rules.WATCHED


def test_an_edited_record_is_not_proven(tmp_path: Path) -> None:
    write_minute(tmp_path, [(20, 22, ProbeOutcome.NO_ANSWER)])
    path = next(tmp_path.glob("*.jsonl"))
    path.write_text(path.read_text().replace('"no answer"', '"ok"'))
    _, gaps = all_rules(ask(tmp_path))
    assert gaps >= {rules.RECORD_WHOLE.id, rules.WATCHED.id}


def test_a_path_that_was_hardly_asked_is_not_proven(tmp_path: Path) -> None:
    write_minute(tmp_path, intervals={"read": 0.1, "write": 0.1})
    assert found_rules(ask(tmp_path).assess_coverage())[1] == {rules.PATHS_ASKED.id}


def test_a_path_that_is_asked_too_rarely_to_see_the_longest_gap_is_not_proven(
    tmp_path: Path,
) -> None:
    write_minute(tmp_path, intervals={"read": 0.1, "write": 2.0})
    assert found_rules(ask(tmp_path).assess_coverage())[1] == {rules.PATHS_ASKED.id}


def test_too_few_probes_cannot_show_a_small_share(tmp_path: Path) -> None:
    write_minute(tmp_path)
    gaps = found_rules(ask(tmp_path, error_share=0.0001).assess_failures())[1]
    assert gaps == {rules.FEW_FAILURES.id}

"""After a rollback: what is found, what is not proven, and what is nobody's matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cutover_gates.config.watch import Watch
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.watch import rules
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import BEAT, PROBE
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.release_withdrawal import NO_WATCH, WithdrawalAssessment
from cutover_gates.watch.step_marks import StepMark
from tests.unit.watch.test_record import SetClock

BEGINS, MARKED = 1_800_000_000.0, 1_800_000_030.0
RULE = rules.TAKEN_BACK_IS_SILENT


def ask(
    folder: Path, after: str, seconds: int = 90, mark: str = "rollback", pinned: str = ""
) -> Assessment:
    """Return the answer to a record: 2.0.0 before the mark, `after` for so many seconds after it."""
    clock = SetClock()
    head = {"release": "2.0.0", "tag": "w", "intervals": {"read": 0.5}}
    clock.now = BEGINS
    writer = RecordWriter(folder, head, clock)
    for tick in range(int((MARKED - BEGINS + seconds) * 2)):
        clock.now = BEGINS + tick / 2
        writer.write(BEAT)
        release = "2.0.0" if clock.now < MARKED else after
        result = PathProbe("read", clock.now, clock.now, 0.01, ProbeOutcome.OK, release=release)
        writer.write(PROBE, **replace(result, instance="pod-7").to_plain())
        if pinned:
            writer.write(PROBE, **replace(result, path="read-pinned", release=pinned).to_plain())
    writer.close()
    settings = Watch(begins=datetime.fromtimestamp(BEGINS, UTC))
    asked = WatchAssessments(folder, "2.0.0", settings, clock=lambda: MARKED + 1000)
    asked.record.marks.append(StepMark("m", mark, MARKED))
    return WithdrawalAssessment(asked).assess()


def test_the_release_before_alone_is_proof(tmp_path: Path) -> None:
    told = ask(tmp_path, "1.9.0")
    assert not told.findings
    assert not told.not_proven
    assert told.figures["answers by release after the rollback"] == {"1.9.0": 179}


def test_an_answer_of_the_new_release_is_found_with_its_instance(tmp_path: Path) -> None:
    (found,) = ask(tmp_path, "2.0.0").findings
    assert (found.rule, found.subject) == (RULE, "pod-7")


@pytest.mark.parametrize(
    ("after", "seconds", "mark"),
    [("1.9.0", 59, "rollback"), ("1.9.0", 90, "canary"), ("", 90, "rollback")],
    ids=["watched-too-short", "no-mark", "no-release-in-the-answers"],
)
def test_what_nobody_saw_is_not_proven(tmp_path: Path, after: str, seconds: int, mark: str) -> None:
    told = ask(tmp_path, after, seconds, mark)
    assert not told.findings
    assert {gap.rule for gap in told.not_proven} == {RULE}


def test_who_asks_for_the_release_on_purpose_gets_it(tmp_path: Path) -> None:
    """It answers what is pinned to it, and nothing else."""
    told = ask(tmp_path, "1.9.0", pinned="2.0.0")
    assert not told.findings
    assert not told.not_proven


def test_who_declares_no_watch_is_not_asked_for_one(tmp_path: Path) -> None:
    told = WithdrawalAssessment(WatchAssessments(tmp_path, "2.0.0", Watch())).assess()
    assert told.checked == (NO_WATCH,)
    assert not told.not_proven

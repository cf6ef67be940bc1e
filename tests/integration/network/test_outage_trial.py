"""The trial of readiness: a command takes a database away, and what is said meanwhile is judged.

The database is a file: it is gone while the file is there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover_gates.config.database_outage import DatabaseOutageSettings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.readiness import rules
from cutover_gates.probes.network.readiness.outage_trial import OutageTrial
from cutover_gates.probes.network.readiness.question_stream import QuestionStream
from tests.calibration import scale_seconds
from tests.findings import list_breaches, list_gaps
from tests.selection import further

OUTAGE = "touch {gone}; sleep 1; rm {gone}"
LONG_OUTAGE = OUTAGE.replace("sleep 1", "sleep 2")
"""Requests that fail are looked at without their last second."""
Answer = Callable[[bool], str]


def honest(is_gone: bool) -> str:
    return "gone" if is_gone else ""


def try_outage(
    folder: Path,
    ready: Answer = honest,
    serving: Answer = honest,
    direct: Answer | None = honest,
    command: str = OUTAGE,
    back_seconds: float = 6.0,
) -> Assessment:
    """Make a trial of a target that gives these answers, by whether its database is gone."""
    gone = folder / "gone"
    settings = DatabaseOutageSettings(
        command=("sh", "-c", command.format(gone=gone)),
        fall_seconds=0.4,
        back_seconds=back_seconds,
    )

    def stream(answer: Answer, lanes: int = 1) -> QuestionStream:
        return QuestionStream(lambda: answer(gone.exists()), lanes)

    exact = stream(direct) if direct else None
    return OutageTrial(settings, stream(ready, 2), stream(serving), exact).run()


def test_readiness_that_falls_and_comes_back_is_passed(tmp_path: Path) -> None:
    assert_passed(try_outage(tmp_path))


@pytest.mark.thorough
def test_searches_alone_show_the_outage(tmp_path: Path) -> None:
    """Nobody gave the suite a way into the database."""
    assert_passed(try_outage(tmp_path, direct=None, command=LONG_OUTAGE))


@pytest.mark.parametrize("witness", ["direct", further("serving")])
def test_readiness_that_is_always_200_is_found(tmp_path: Path, witness: str) -> None:
    """By the database itself, also where searches come from a cache; and by searches alone."""

    def always(_gone: bool) -> str:
        return ""

    assessment = (
        try_outage(tmp_path, ready=always, serving=always)
        if witness == "direct"
        else try_outage(tmp_path, ready=always, direct=None, command=LONG_OUTAGE)
    )
    assert list_breaches(assessment) == [(rules.READINESS_FALLS, "readiness")]


@pytest.mark.thorough
def test_one_instance_that_lies_is_found(tmp_path: Path) -> None:
    count = iter(range(10**6))

    def every_third(is_gone: bool) -> str:
        return honest(is_gone and next(count) % 3 > 0)

    assessment = try_outage(tmp_path, ready=every_third)
    assert list_breaches(assessment) == [(rules.READINESS_FALLS, "readiness")]


@pytest.mark.thorough
def test_readiness_that_does_not_come_back_is_found(tmp_path: Path) -> None:
    fell: list[bool] = []

    def latched(is_gone: bool) -> str:
        fell.extend([True] if is_gone else [])
        return honest(bool(fell))

    assessment = try_outage(tmp_path, ready=latched, back_seconds=3.0)
    assert list_breaches(assessment) == [(rules.READINESS_RETURNS, "readiness")]


def test_a_command_that_leaves_the_database_away_is_told(tmp_path: Path) -> None:
    assessment = try_outage(tmp_path, command="touch {gone}; exit 3", back_seconds=2.0)
    (finding,) = assessment.findings
    assert finding.rule is rules.READINESS_RETURNS
    assert finding.actual.endswith("the command ended with status 3")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("exit 3", "answer after the command database_outage.command; the command ended with"),
        ("touch {gone}; sleep 0.2; rm {gone}", "keep it away for longer, or lower fall_seconds"),
    ],
)
def test_an_outage_that_shows_nothing_is_not_proven(
    tmp_path: Path, command: str, says: str
) -> None:
    """Nothing is known to be wrong with the target."""
    assessment = try_outage(tmp_path, ready=lambda _gone: "", command=command)
    assert list_gaps(assessment) == [(rules.OUTAGE_TESTABLE, "readiness")]
    assert says in assessment.not_proven[0].actual
    assert not assessment.findings


@pytest.mark.thorough
def test_a_target_that_is_not_well_before_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gone").touch()
    assessment = try_outage(tmp_path, back_seconds=1.0)
    assert list_gaps(assessment) == [(rules.OUTAGE_TESTABLE, "readiness")]
    assert "before the test" in assessment.not_proven[0].actual
    assert (tmp_path / "gone").exists(), "the command was started"


def test_a_run_that_is_killed_leaves_no_target_without_a_database(tmp_path: Path) -> None:
    """The command runs to its end, whatever becomes of who started it."""
    program = (
        f"from pathlib import Path; from {__name__} import try_outage;"
        f" try_outage(Path({str(tmp_path)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[3])
    assert wait_until(lambda: (tmp_path / "gone").exists()), "the database was not taken away"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert wait_until(lambda: not (tmp_path / "gone").exists()), "the database did not come back"


def wait_until(condition: Callable[[], bool]) -> bool:
    ends = time.monotonic() + scale_seconds(20)
    while not condition() and time.monotonic() < ends:
        time.sleep(0.05)
    return condition()

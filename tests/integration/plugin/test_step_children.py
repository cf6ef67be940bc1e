"""The gates of the steps as processes: whose verdict is taken, and which one is none.

Each child is a real process. A module `pytest` in its folder stands for pytest and writes what a
gate would.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.plugin import step_children
from cutover_gates.plugin.step_children import StepChildren

GATE = """
import json, pathlib, sys
given = json.loads(pathlib.Path("child.json").read_text())
assert sys.argv[-2:] == ["-m", "phase2-10"], sys.argv
for name in given["folders"]:
    folder = pathlib.Path("runs", name)
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_text(given["text"])
sys.exit(given["status"])
"""
DIGEST = {"settings": "s1", "suite": "u1", "files": "f1", "command line": "c1"}
GOOD = {
    "gate": "phase2-10",
    "target": "staging",
    "release": "2.0.0",
    "verdict": "GO",
    "judged_by": {"suite": {"digest": "u1"}, "digest_parts": {**DIGEST, "command line": "c2"}},
}
NAME = "20261130T030000Z-staging-phase2-10-cut1"


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StepChildren:
    (tmp_path / "pytest.py").write_text(GATE)
    (tmp_path / "runs").mkdir()
    subject = SimpleNamespace(target="staging", release="2.0.0")
    monkeypatch.setattr(step_children, "build_subject", lambda _run: subject)
    target = SimpleNamespace(rollout=SimpleNamespace(longest_seconds=60))
    run: Any = SimpleNamespace(
        settings=SimpleNamespace(
            resolve_path=lambda path: tmp_path / path, reports=Path("runs"), chosen_target=target
        ),
        judged_by=SimpleNamespace(suite=SimpleNamespace(digest="u1"), digest=DIGEST),
    )
    return StepChildren(run, ["-q", "-m", "phase2"], tmp_path)


def leave(children: StepChildren, status: int = 0, *names: str, text: str = "", **more: Any) -> Any:
    """Judge a step whose gate leaves this verdict under these names."""
    verdict = text or json.dumps(GOOD | more)
    given = {"folders": names or (NAME,), "text": verdict, "status": status}
    (children.folder / "child.json").write_text(json.dumps(given))
    return children.judge(10)


def test_a_child_of_the_same_suite_and_settings_counts(children: StepChildren) -> None:
    """Its command line is another one: it names its step."""
    found = leave(children)
    assert (found.problems, found.is_go, found.status) == ((), True, 0)
    assert found.folder == children.folder / "runs" / NAME


def test_a_child_that_is_no_go_is_no_problem_and_no_go(children: StepChildren) -> None:
    found = leave(children, 1, verdict="NO-GO")
    assert (found.problems, found.is_go) == ((), False)


@pytest.mark.parametrize(
    ("status", "more", "says"),
    [
        (1, {}, "says GO, and its exit status is 1"),
        (0, {"verdict": "NO-GO"}, "says NO-GO, and its exit status is 0"),
        (0, {"gate": "phase2-50"}, "of the gate 'phase2-50'"),
        (0, {"target": "production"}, "of the target 'production'"),
        (0, {"release": "1.9.0"}, "of the release '1.9.0'"),
        (0, {"judged_by": None}, "of another suite"),
        (0, {"judged_by": {"suite": {"digest": "u2"}, "digest_parts": DIGEST}}, "another suite"),
        (
            0,
            {"judged_by": {"suite": {"digest": "u1"}, "digest_parts": DIGEST | {"settings": "s2"}}},
            "asked with other settings",
        ),
        (0, {"text": "{"}, "cannot be read"),
        (0, {"text": "[]"}, "cannot be read"),
        (0, {"text": "{}"}, "cannot be read"),
    ],
)
def test_what_is_no_verdict_of_this_step_is_told(
    children: StepChildren, status: int, more: dict[str, Any], says: str
) -> None:
    found = leave(children, status, **more)
    assert any(says in problem for problem in found.problems), found.problems
    assert not found.is_go


def test_a_child_without_a_verdict_is_told(children: StepChildren) -> None:
    found = leave(children, 4, "20261130T030000Z-staging-phase3-cut1")
    assert found.problems == ("its gate left no verdict (exit status 4), and one is expected",)


def test_a_verdict_that_was_there_before_is_not_taken(children: StepChildren) -> None:
    leave(children)
    found = leave(children, 0, "20261130T030000Z-other")
    assert "no verdict" in found.problems[0]


def test_two_verdicts_of_one_step_are_none(children: StepChildren) -> None:
    found = leave(children, 0, NAME, f"{NAME}-2")
    assert "2 verdicts" in found.problems[0]


def test_a_child_that_hangs_is_killed(
    children: StepChildren, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_children, "SLACK_SECONDS", -59.0)
    (children.folder / "pytest.py").write_text("import time; time.sleep(60)")
    found = leave(children)
    assert "no verdict (exit status -9)" in found.problems[0]

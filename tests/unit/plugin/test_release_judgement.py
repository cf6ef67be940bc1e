"""What the gates of a run hold the target and its pods to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.config.loader import load_settings
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.release_answers import ReleaseAnswers
from cutover_gates.core.verdict import Outcome
from cutover_gates.plugin.release_judgement import (
    ReleaseJudgement,
    allowed_releases,
    expected_pods,
    refuse_conflicts,
)
from cutover_gates.plugin.release_questions import is_from_cache
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.running_target import RunningTarget

TARGET = RunningTarget(
    "tried", "remote", "http://127.0.0.1:1", "2.0.0", False, {}, previous_release="1.9.0"
)
PODS = Item("pods", "S", "T", ("t24", "phase2", "phase3"), "check", "smoke", role="cluster")
LAST = replace(PODS, id="last", role="", gates=("phase2",), answers="release")
MakeRun = Callable[..., PytestRun]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Return a run of these gates, with more settings of its target."""

    def make(*gates: str, settings: str = "", plan: Plan = Plan((PODS, LAST))) -> PytestRun:  # noqa: B008  # it is frozen
        (tmp_path / "cutover.toml").write_text(
            'target = "tried"\n[targets.tried]\nurl = "http://127.0.0.1:1"\nrelease = "2.0.0"\n'
            f"{settings}",
            encoding="utf-8",
        )
        run = SimpleNamespace(
            gates=gates,
            plan=plan,
            settings=load_settings(None, tmp_path),
            running_target=TARGET,
        )
        return cast("PytestRun", run)

    return make


@pytest.mark.parametrize(
    ("gates", "runs"),
    [
        (("t24",), "previous"),
        (("phase2",), "either"),
        (("phase3",), "release"),
        (("phase2", "phase3"), "release"),
        (("smoke",), "release"),
        ((), "release"),
    ],
)
def test_the_pods_follow_the_gate(make_run: MakeRun, gates: tuple[str, ...], runs: str) -> None:
    assert expected_pods(make_run(*gates)) == runs


@pytest.mark.parametrize(
    ("gate", "runs", "refused"),
    [
        ("t24", "previous", False),
        ("t24", "release", True),
        ("t24", "either", True),
        ("phase2", "previous", False),
        ("phase2", "release", False),
        ("phase3", "previous", True),
        ("rollback", "release", False),
    ],
)
def test_settings_of_the_pods_may_not_contradict_the_gate(
    make_run: MakeRun, gate: str, runs: str, refused: bool
) -> None:
    """They may be narrower. A gate that does not ask for the pods contradicts nothing."""
    run = make_run(gate, settings=f'[targets.tried.infrastructure.cluster]\nruns = "{runs}"')
    if not refused:
        assert expected_pods(run) == runs
        return
    with pytest.raises(SettingsError, match="remove runs, it follows the gate"):
        refuse_conflicts(run)


@pytest.mark.parametrize(
    ("runs", "keys"),
    [
        (None, ("digest",)),
        ("release", ("digest",)),
        ("previous", ("previous_digest",)),
        ("either", ("digest", "previous_digest")),
    ],
)
def test_the_digests_that_a_pod_may_run(runs: str | None, keys: tuple[str, ...]) -> None:
    assert ClusterSettings.model_validate({"runs": runs}).running_digest_keys == keys


def test_the_release_before_must_be_another(make_run: MakeRun) -> None:
    with pytest.raises(SettingsError, match=r"are both '2\.0\.0'"):
        refuse_conflicts(make_run("phase3", settings='previous_release = "2.0.0"'))


@pytest.mark.parametrize(
    ("gates", "releases"),
    [
        (("t24",), {"1.9.0"}),
        (("phase2",), {"1.9.0", "2.0.0"}),
        (("phase3",), {"2.0.0"}),
        ((), {"2.0.0"}),
    ],
)
def test_the_releases_that_a_check_may_meet(
    make_run: MakeRun, gates: tuple[str, ...], releases: set[str]
) -> None:
    assert allowed_releases(make_run(*gates), TARGET) == releases


def test_an_item_of_its_own_release_is_not_proven_beside_the_hold(make_run: MakeRun) -> None:
    """While one release replaces the other, the last step of the deployment is not proven."""
    mixed = ReleaseAnswers("before the checks", 29, {"1.9.0": 20, "2.0.0": 9})
    judgement = ReleaseJudgement(make_run("phase2"), [mixed])
    (hold,) = judgement.holds("phase2")
    (result,) = judgement.results("phase2")
    assert "phase2: last is judged on release '2.0.0'" in hold
    assert (result.items, result.outcome) == (frozenset({"last"}), Outcome.NOT_PROVEN)


def test_a_plan_that_lets_more_answer_is_told(make_run: MakeRun) -> None:
    plan = Plan((PODS,), {**Plan(()).gate_answers, "phase3": "either"})
    (note,) = ReleaseJudgement(make_run("phase3", plan=plan)).notes()
    assert note.startswith("phase3: the plan lets 'either' answer")
    assert not ReleaseJudgement(make_run("phase3")).notes()


def test_a_release_that_is_declared_untold_and_is_told_is_a_note(make_run: MakeRun) -> None:
    settings = (
        "[targets.tried.capabilities]\nreported_release = { value = false, reason = 'old',"
        " by = 'Ada Example', at = 2026-01-01 }"
    )
    told = [ReleaseAnswers("before the checks", 29, {"2.0.0": 29})]
    judgement = ReleaseJudgement(make_run("phase3", settings=settings), told)
    assert judgement.holds("phase3") == []
    assert ["remove the declaration" in note for note in judgement.notes()] == [True]


@pytest.mark.parametrize(
    ("headers", "cached"),
    [
        ({}, False),
        ({"Age": "0"}, False),
        ({"Age": "1"}, True),
        ({"Age": "9" * 40}, True),
        ({"Age": "-1"}, False),
        ({"Age": "soon"}, False),
        ({"X-Cache": "MISS"}, False),
        ({"X-Cache": "HIT"}, True),
        ({"X-Cache": "TCP_HIT from edge"}, True),
        ({"X-Cache": "white"}, False),
        ({"Cache-Status": "edge; fwd=miss"}, False),
        ({"Cache-Status": "edge; hit"}, True),
    ],
)
def test_an_answer_says_whether_a_cache_gave_it(headers: dict[str, str], cached: bool) -> None:
    assert is_from_cache(httpx.Headers(headers)) is cached

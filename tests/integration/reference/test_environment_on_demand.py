"""An embedded hospital starts its environment where a gate asks for it, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.core.check_groups import shipped_groups
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.gates import split_gates
from cutover_gates.core.plan_file import load_plan
from cutover_gates.core.waivers import load_decisions
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.target_start import start_target
from cutover_gates.targets import embedded
from tests.shipped_plan import PLAN_FILE

ROOT = Path(__file__).parents[3]


class Begun(Exception):
    """The scope that was requested, in the place of a started hospital."""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, surroundings: str | None, **__: object) -> NoReturn:
        raise Begun(surroundings)

    monkeypatch.setattr(embedded, "start_embedded_target", start)


def brought(expression: str, *tied: str) -> object:
    redactor = Redactor()
    run = PytestRun(
        ROOT,
        load_settings(None, ROOT),
        load_plan(PLAN_FILE),
        split_gates(expression),
        "cut",
        "",
        redactor,
        Recorder(redactor),
    )
    with pytest.raises(Begun) as how:
        next(start_target(run, frozenset(tied)))
    return how.value.args[0]


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("t24", "all"),
        ("t24 and smoke", "all"),
        ("t12", "all"),
        ("t1", "front"),
        ("phase3", "all"),
        ("phase3 and smoke", "all"),
        ("nightly", "all"),
        ("phase1 or phase3", "all"),
        ("phase3 and performance", None),
        ("phase3 and contract", None),
        ("t12 and migrations", None),
        ("t24 and performance", None),
        ("phase1", None),
        ("rollback", None),
        ("", None),
    ],
)
def test_a_gate_gets_what_it_asks_for(expression: str, expected: str | None) -> None:
    assert brought(expression) == expected


@pytest.mark.usefixtures("begun")
def test_a_check_that_runs_without_a_gate_gets_it_too() -> None:
    assert brought("", "patient-creation", "alerts-configured") == "all"
    assert brought("", "patient-creation", "load-balancer") == "front"
    assert brought("", "patient-creation") is None


# ── where Prometheus is not installed ──


def test_the_shipped_waivers_stand_for_what_may_not_be_installed_and_for_nothing_else() -> None:
    """They count for the embedded hospital only, and only for gaps: a failure stays a failure."""
    shipped = load_decisions(ROOT / "waivers.toml", "waiver")
    monitored = {name for name, group in shipped_groups().items() if "monitoring" in group.needs}
    assert {waiver.item for waiver in shipped} == monitored - {"dashboards-verified"}
    assert {(waiver.target, waiver.covers) for waiver in shipped} == {("embedded", "not proven")}

"""Checks the mapping of a settings file as `pytest --check-mapping` does, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.drivers.mapping_check.diagnosis import Diagnosis
from cutover_gates.drivers.mapping_check.runner import StepOutcome, StepResult
from cutover_gates.plugin.mapping_check import run_mapping_check
from cutover_gates.plugin.run import PytestRun, make_run
from tests.integration.mapping_check.mapping_mistakes import USERS, Mistake

ROOT = Path(__file__).resolve().parents[3]


class _Options(SimpleNamespace):
    """The options of a call; those that it does not give are None."""

    def __getattr__(self, name: str) -> None:
        return None


@dataclass(frozen=True)
class MappingCheckResult:
    """The exit status and output of pytest, and the result of each step."""

    status: int
    text: str
    results: list[StepResult] = field(default_factory=list)

    @property
    def diagnoses(self) -> list[Diagnosis]:
        return [result.diagnosis for result in self.results if result.diagnosis]

    def titles(self, outcome: StepOutcome) -> list[str]:
        """Return the titles of the steps with this outcome."""
        return [result.step.title for result in self.results if result.outcome is outcome]


def check_mapping_of(
    path: Path, capsys: pytest.CaptureFixture[str], markexpr: str = "", target: str = "mine"
) -> MappingCheckResult:
    """Check the mapping of a target of the settings file `path`."""
    results: list[StepResult] = []
    try:
        status = run_mapping_check(_config(path, markexpr, target), results.append)
    except pytest.UsageError as mistake:
        return MappingCheckResult(int(pytest.ExitCode.USAGE_ERROR), str(mistake))
    return MappingCheckResult(status, capsys.readouterr().out, results)


def run_of(path: Path) -> PytestRun:
    """Return the run of a gate on it."""
    return make_run(_config(path, "phase3"))


def _config(path: Path, markexpr: str, target: str = "mine") -> Any:
    """Return as much of pytest's configuration as a run needs."""
    return SimpleNamespace(
        option=_Options(cutover_config=path, target=target, markexpr=markexpr),
        rootpath=ROOT,
        invocation_params=SimpleNamespace(dir=ROOT),
    )


def settings(mistake: Mistake, url: str) -> str:
    """Return the settings file with the mistake in it."""
    port = url.rpartition(":")[2]
    usual = {role: f"username = {role!r}\npassword_file = {role!r}" for role in USERS}
    users = "\n".join(
        f"[targets.mine.users.{role}]\n{account}"
        for role, account in {**usual, **mistake.users}.items()
    )
    mapped = mistake.dialect is not None or "mapping =" in mistake.head
    rest = "" if mapped else f'[targets.mine.rest]\nextends = "default"\n{mistake.rest}'
    head = mistake.head.replace("{url}", url).replace("{port}", port)
    return f"[targets.mine]\n{head}\n{users}\n{rest}"

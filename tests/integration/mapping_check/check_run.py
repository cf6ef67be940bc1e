"""Walks the mapping of a settings file as `pytest --check-mapping` does, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.plugin.mapping_check import run_mapping_check
from cutover_gates.plugin.run import PytestRun, make_run
from tests.integration.mapping_check.mapping_mistakes import USERS, Mistake

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class MappingCheckResult:
    """What pytest would say, and its exit status."""

    status: int
    text: str

    @property
    def stops(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.startswith("STOP ")]


def check_mapping_of(
    path: Path, capsys: pytest.CaptureFixture[str], markexpr: str = "", target: str = "mine"
) -> MappingCheckResult:
    """A target of the settings file `path`."""
    try:
        status = run_mapping_check(_config(path, markexpr, target))
    except pytest.UsageError as mistake:
        return MappingCheckResult(int(pytest.ExitCode.USAGE_ERROR), str(mistake))
    return MappingCheckResult(status, capsys.readouterr().out)


def run_of(path: Path) -> PytestRun:
    """The run of a gate on it."""
    return make_run(_config(path, "phase3"))


def _config(path: Path, markexpr: str, target: str = "mine") -> Any:
    """As much of pytest's as a run asks for."""
    return SimpleNamespace(
        option=SimpleNamespace(cutover_config=path, target=target, release=None, markexpr=markexpr),
        rootpath=ROOT,
    )


def settings(mistake: Mistake, url: str) -> str:
    """The settings file with the mistake in it."""
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

"""Release 1.9.0, started: the functional checks pass on its own schema and on that of 2.0.0.

Those of 2.0.0 pass on the new schema in `tests/faults/functional`: so both releases work side by
side there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tomlkit

from reference.previous_release import read_differences
from reference.settings import RELEASE_BEFORE
from tests.dialects.judging import FUNCTIONAL
from tests.faults import gate_runs
from tests.faults.results import Verdict
from tests.integration.reference.started_hospital import Json, launch, read_announcement
from tests.selection import further

SETTINGS = Path(__file__).with_name("cutover.toml")
GATE = "phase3 and smoke"
OWN, NEW = "eve", "after"
"""The stages: its own schema, and the one that the cutover's scripts make."""
CRITICAL = ("smoke/test_critical_path.py", "smoke/test_visits.py")
"""What every run tries on the new schema: the columns that its triggers keep."""


def _write_settings(folder: Path) -> Path:
    """Write the settings of its team: those for the tests, and in what it differs from 2.0.0."""
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    settings["targets"]["tried"] |= read_differences()
    config = folder / SETTINGS.name
    config.write_text(tomlkit.dumps(settings), encoding="utf-8")
    return config


@contextmanager
def _release_before(stage: str) -> Iterator[Json]:
    """Start 1.9.0 at a stage of the cutover, and yield what it announces."""
    process = launch("--tied", "--stage", stage, "--application", RELEASE_BEFORE)
    try:
        yield read_announcement(process)
    finally:
        process.communicate()


def _judge(stage: str, folder: Path, compiled: Path, *files: str) -> Verdict:
    """Return the verdict of the functional checks on 1.9.0, or of some files of them."""
    config = _write_settings(folder)
    with _release_before(stage) as announced:
        passwords = {
            f"USERS__{name.upper()}__PASSWORD": user["password"]
            for name, user in announced["users"].items()
        }
        told = {
            "URL": announced["url"],
            "DATABASE__DSN": announced["database"],
            "EXPIRED_TOKEN": announced["expired_token"],
            **passwords,
        }
        environment = {f"CUTOVER_TARGETS__TRIED__{name}": value for name, value in told.items()}
        options = (*gate_runs.PLAIN, *files)
        return gate_runs.run_gate(GATE, config, environment, compiled, *options, seconds=150)


@pytest.mark.parametrize("stage", [further(OWN), further(NEW)])
def test_the_functional_checks_pass(stage: str, tmp_path: Path, compiled: Path) -> None:
    """The gate is GO. What 2.0.0 brings is declared absent, in the settings of the release before."""
    verdict = _judge(stage, tmp_path, compiled)
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output
    assert {verdict.outcome(item) for item in FUNCTIONAL} == {"passed"}


def test_the_critical_paths_pass_on_the_new_schema(tmp_path: Path, compiled: Path) -> None:
    """No check of these files fails. The others are not run, so this is no GO."""
    verdict = _judge(NEW, tmp_path, compiled, *CRITICAL)
    outcomes = {
        check: outcome
        for item in verdict.names
        for check, outcome in verdict.checks_of(item).items()
        if check.startswith(CRITICAL)
    }
    assert set(outcomes.values()) <= {"passed", "not applicable"}, verdict.output
    assert sum(outcome == "passed" for outcome in outcomes.values()) > 15

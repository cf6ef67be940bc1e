"""The whole way of a newcomer: the wheel in an empty environment, and a gate in an empty folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import uv

from tests.integration.installed.installation import ROOT, clean_environment

EXTRAS = "embedded,performance,contract,surroundings,fhir"
INSTALL_SECONDS = 600
GATE_SECONDS = 400


@pytest.fixture
def environment(wheel: Path, tmp_path: Path) -> Path:
    """A new virtual environment with the wheel and its pinned libraries, and nothing else."""
    place = tmp_path / "venv"
    _run_uv("venv", "--python", sys.executable, str(place))
    requirement = f"cutover-gates[{EXTRAS}] @ {wheel.as_uri()}"
    pins = str(ROOT / "requirements" / "constraints.txt")
    _run_uv("pip", "install", "--python", str(place), "--constraint", pins, requirement)
    return place


def _run_uv(*words: str) -> None:
    subprocess.run(
        [uv.find_uv_bin(), *words],
        env=clean_environment(),
        check=True,
        capture_output=True,
        timeout=INSTALL_SECONDS,
    )


@pytest.mark.thorough
@pytest.mark.timeout(INSTALL_SECONDS + GATE_SECONDS)
def test_a_gate_in_an_empty_folder_is_a_go(environment: Path, tmp_path: Path) -> None:
    """GO WITH WAIVERS where Prometheus or Alertmanager is not installed."""
    folder = tmp_path / "empty"
    folder.mkdir()
    run = subprocess.run(
        [str(environment / "bin" / "cutover-gates"), "gate", "phase3", "--target", "embedded"],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=GATE_SECONDS,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = folder.glob("reports/runs/2*/verdict.json")
    verdict = json.loads(path.read_text(encoding="utf-8"))
    assert verdict["verdict"] in ("GO", "GO WITH WAIVERS"), run.stdout
    assert verdict["subject"]["target"] == "embedded"
    checks = [check["check"] for item in verdict["items"] for check in item["checks"]]
    assert all(check.startswith(("smoke/", "performance/", "contract/")) for check in checks)
    assert {path.name for path in folder.iterdir()} <= {"reports", ".pytest_cache"}

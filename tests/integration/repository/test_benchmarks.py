"""`python -m benchmarks` works from a fresh clone: it needs no baseline and nothing beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 300
FIGURES = ("start-up over bare imports", "cost per check")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The tracked files of this checkout as they are now, and nothing that a run has left there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = ROOT / name, tmp_path / "clone" / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    return tmp_path / "clone"


@pytest.mark.thorough
@pytest.mark.timeout(SECONDS)
def test_the_benchmarks_measure_in_a_fresh_clone(clone: Path) -> None:
    """Both figures come with their limits; whether they hold says a quiet machine, with more runs."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--runs", "1", "--rounds", "1"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    lines = run.stdout.splitlines()
    limits = [line for line in lines if line.startswith(FIGURES) and "  limit " in line]
    assert len(limits) == len(FIGURES), run.stdout + run.stderr
    assert lines[-1] in ("every limit holds", "a limit is MISSED")

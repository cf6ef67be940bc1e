"""An installation of this package's wheel, and the processes that are started in it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 120
LEFT_OUT = ("CUTOVER_", "PYTEST_", "GITHUB_", "PYTHONPATH")


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout into `folder`, with the pinned hatchling."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    (wheel,) = folder.glob("*.whl")
    return wheel


def clean_environment(**more: str) -> dict[str, str]:
    """Return our environment without what leads to this checkout or changes a gate."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    return {**kept, "COLUMNS": "100", **more}


@dataclass(frozen=True)
class Installation:
    """The wheel unpacked in a folder, which Python finds before this checkout.

    The libraries are those of the environment that runs the tests.
    """

    site: Path

    @property
    def shipped(self) -> Path:
        """The folder of the shipped files."""
        return self.site / "cutover_gates" / "shipped"

    @property
    def code(self) -> Path:
        """The folder of the package's code."""
        return self.site / "cutover_gates"

    def run(self, folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `python words…` in `folder`."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env=clean_environment(PYTHONPATH=str(self.site), **more),
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def command(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `cutover-gates words…` in `folder`."""
        return self.run(folder, "-c", "from cutover_gates.cli.main import main; main()", *words)

    def pytest(self, folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `pytest words…` in `folder`, without what belongs to this project's tests alone."""
        return self.run(folder, "-m", "pytest", "-p", "no:randomly", *words, **more)


def node_ids(run: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the node ids that `--collect-only -q` has printed."""
    return [line for line in run.stdout.splitlines() if "::" in line]

"""The toy project in a checkout of this repository: its checks stand beside the shipped ones.

Its plan takes none of the shipped checks, so that a run takes seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from cutover_gates.util.shipped_files import SHIPPED_PATHS
from tests.gate.holes.toy_project import ROOT, Toy

INI = """[pytest]
addopts = --import-mode=importlib --strict-markers -p no:anyio -p no:schemathesis
  -p no:hypothesispytest -p no:locust -p no:randomly
pythonpath = . src
timeout = 20
"""


def git(folder: Path, *words: str, given: str | None = None) -> str:
    """Run git in a folder, without what the environment says of it; return what it prints."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    person = ["-c", "user.name=Ada Example", "-c", "user.email=ada@example.org"]
    run = subprocess.run(
        ["git", *person, *words],
        cwd=folder,
        env=plain,
        input=given,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return run.stdout.strip()


def make_template(folder: Path) -> None:
    """Commit the shipped files and the code, as they stand here, into a new repository."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "runs")
    for name in (*SHIPPED_PATHS, "src", "conftest.py", "pyproject.toml"):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy2(source, target)
    (folder / ".gitignore").write_text("__pycache__/\n.pytest_cache/\nreports/runs/\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "As it is shipped")


class CheckoutToy(Toy):
    """The toy project in a clone of the template."""

    def __init__(self, folder: Path, url: str, template: Path) -> None:
        git(template, "clone", "-q", "--local", str(template), str(folder))
        self.folder, self.url = folder, url
        self.write_project("smoke/toy")

    @property
    def source(self) -> Path:
        """The folder with the code of the clone."""
        return self.folder / "src"

    def ini(self) -> str:
        """Return settings of pytest that do what those of pyproject.toml do."""
        return INI

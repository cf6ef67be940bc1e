"""Progress inside of a check reaches the terminal through pytest's own capture."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

TOLD = """
from cutover_gates.plugin.progress import ProgressPrinter

def test_it(pytestconfig):
    progress = ProgressPrinter(pytestconfig.pluginmanager.getplugin("capturemanager"))
    for number in range(3):
        progress(f"line {number}")
"""


def _run(folder: Path, error: int) -> None:
    (folder / "test_told.py").write_text(TOLD, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=error,
        check=True,
        env={**os.environ, **paths, "TERM": "xterm"},
    )


def test_on_a_terminal_each_line_goes_over_the_one_before(tmp_path: Path) -> None:
    """Each begins at the start of the line."""
    ours, theirs = pty.openpty()
    _run(tmp_path, theirs)
    os.close(theirs)
    shown = os.read(ours, 4096).split(b"\r")
    assert [line.strip() for line in shown[1:4]] == [b"line 0", b"line 1", b"line 2"]
    os.close(ours)


def test_in_a_pipe_there_is_one_every_few_seconds(tmp_path: Path) -> None:
    """The others are left out."""
    with (tmp_path / "error").open("wb") as error:
        _run(tmp_path, error.fileno())
    assert (tmp_path / "error").read_text().splitlines() == ["line 0"]

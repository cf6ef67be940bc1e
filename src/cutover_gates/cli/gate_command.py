"""`cutover-gates gate NAME`: runs pytest on the shipped checks, and returns the verdict's status.

It needs nothing in the folder in which it is called. Where there is no `cutover.toml`, the embedded
hospital is judged with the shipped settings. Checks of the folder's own suites run as well.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pytest
import typer

from cutover_gates.config.loader import find_reports_folder
from cutover_gates.core.gates import GATES, MARKER_WORD, SUITES
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.plugin.entry_point import PLUGIN, SETTINGS_OPTION
from cutover_gates.plugin.exit_status import ExitStatus
from cutover_gates.plugin.run import new_tag
from cutover_gates.reporting.not_judged import UnjudgedCall, record_unjudged_call
from cutover_gates.reporting.run_folders import find_start
from cutover_gates.util.guarded_stream import print_on_stderr
from cutover_gates.util.terminal_output import print_text

OPERATORS = frozenset({"and", "or", "not"})
PYTEST_FILES = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
"""Files that hold pytest's configuration and nothing else."""
GATE_WORDS = (
    # Plugins of libraries that a gate uses: they cost seconds, and add options and fixtures.
    *("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:locust", "-p", "no:anyio"),
    # Two suites may hold files of one name.
    "--import-mode=importlib",
    # A misspelt marker, a check that passes against its mark, and an error that nobody sees would
    # prove nothing.
    *("--strict-markers", "-o", "xfail_strict=true"),
    *("-W", "error::pytest.PytestUnraisableExceptionWarning"),
    *("-W", "error::pytest.PytestUnhandledThreadExceptionWarning"),
)
"""Words for pytest that every gate has, as `pyproject.toml` of this project sets them."""


def run_gate(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A gate or suite: phase3, t24, smoke, …")],
    target: Annotated[str | None, typer.Option(help="The target to judge.")] = None,
    release: Annotated[str | None, typer.Option(help="The release under judgement.")] = None,
    config: Annotated[Path | None, typer.Option(help="The settings file.")] = None,
) -> None:
    """Judge a gate. Further words go to pytest.

    Exit status: 0 GO or GO WITH WAIVERS, 1 NO-GO, 2 interrupted, 3 pytest broke, 4 not judged (the
    call or the settings are wrong).
    """
    call = UnjudgedCall("", new_tag(), name, target or "", release or "")
    reports = find_reports_folder(config, [Path.cwd()])
    if mistake := find_mistake(name):
        print_text(mistake, sys.stderr)
        _record(replace(call, why=mistake), reports)
        raise typer.Exit(ExitStatus.NOT_JUDGED)
    words = build_words(name, Path.cwd(), target=target, release=release, config=config)
    started = datetime.now(UTC)
    status = int(pytest.main([*words, *context.args]))
    newest = find_start(reports)
    # pytest reads some of its options before it loads any plugin, so no plugin records the call.
    if status == ExitStatus.NOT_JUDGED and (newest is None or newest < started):
        _record(replace(call, why="pytest could not read the call"), reports)
    raise typer.Exit(status)


def _record(call: UnjudgedCall, reports: Path) -> None:
    """Record a call that judged nothing, so that the newest record is not an older GO."""
    try:
        where = f"The record is {record_unjudged_call(call, reports)}."
    except OSError as error:
        where = f"No record could be written ({error.strerror})."
    print_on_stderr(f"NOT JUDGED: nothing was judged, so this is no GO. {where}")


def find_mistake(name: str) -> str:
    """Return what is wrong with a marker expression of gates and suites, or an empty text."""
    known = (*GATES, *SUITES)
    for word in MARKER_WORD.findall(name):
        if word not in OPERATORS and word not in known:
            hint = suggest_nearest(word, known)
            return f"{word!r} is no gate and no suite.{hint} Known: {', '.join(known)}"
    return ""


def build_words(
    name: str,
    folder: Path,
    *,
    target: str | None = None,
    release: str | None = None,
    config: Path | None = None,
) -> list[str]:
    """Return the words with which pytest judges the gate `name` in `folder`."""
    words = ["-m", name, f"--rootdir={folder}", "-p", PLUGIN, *GATE_WORDS]
    if not _has_pytest_configuration(folder):
        # Without this, pytest takes the configuration of any folder above.
        words += ["-c", os.devnull]
    given = {"--target": target, "--release": release, SETTINGS_OPTION: config}
    return words + [f"{option}={value}" for option, value in given.items() if value is not None]


def _has_pytest_configuration(folder: Path) -> bool:
    """Return True where the folder has a configuration for pytest of its own."""
    project = folder / "pyproject.toml"
    if project.is_file() and "[tool.pytest" in project.read_text(encoding="utf-8"):
        return True
    return any((folder / name).is_file() for name in PYTEST_FILES)

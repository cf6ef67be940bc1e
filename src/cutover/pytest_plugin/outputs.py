"""Where a gate's outputs go: one folder a gate, a NO-GO from the start, the last look for secrets,
and what the captain reads.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cutover.pytest_plugin.run import Run
from cutover.pytest_plugin.subject import subject_of
from cutover.reporting import github, terminal
from cutover.reporting.write import placeholder, run_folder, write_all
from cutover.settings import SettingsError
from cutover.verdict import Verdict

SHARED = ("junit.xml", "allure-results", "traces")
"""Outputs that speak of the whole run: each gate's folder has them."""


def make_folders(run: Run) -> None:
    """A new folder for each gate, with the NO-GO that stands should this process be killed.

    Raises `SettingsError`.
    """
    reports = run.settings.path(run.settings.reports)
    for gate in run.gates:
        name = run_folder(run.started, run.settings.target, gate)
        names = (name if number == 1 else f"{name}-{number}" for number in range(1, 1000))
        folder = next(path for path in (reports / name for name in names) if not path.exists())
        try:
            write_all(placeholder(run.plan, gate, subject_of(run), run.started), folder)
        except OSError as error:
            raise SettingsError(
                f"the reports folder {reports} cannot be written ({error.strerror}): mend its"
                " permissions or set `reports`"
            ) from None
        run.folders[gate] = folder


def write(run: Run, verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        write_all(verdict, run.folders[verdict.gate])


def leaks(run: Run, *others: Path) -> list[str]:
    """Every output is read again before it is handed over: a sentence for each that holds a secret."""
    files = [
        path
        for folder in run.folders.values()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    files += [path for path in others if path.is_file() and path not in files]
    return [
        f"the output {path.name} holds a secret ({', '.join(names)}): do not hand it on, and change"
        " that secret"
        for path in files
        if (names := run.redactor.find(path.read_bytes()))
    ]


def share(run: Run) -> None:
    """Copy what speaks of the whole run into every further gate's folder."""
    for folder in list(run.folders.values())[1:]:
        for source in (run.first_folder / name for name in SHARED):
            if source.is_dir():
                shutil.copytree(source, folder / source.name, dirs_exist_ok=True)
            elif source.is_file():
                shutil.copy2(source, folder / source.name)


def show(run: Run, verdicts: Sequence[Verdict]) -> None:
    """The verdicts for the captain's terminal and, in a workflow, for the pipeline."""
    console = Console(file=sys.__stdout__, highlight=False)
    for verdict in verdicts:
        console.print()
        terminal.show(verdict, console, run.folders[verdict.gate])
        github.announce(verdict, os.environ, sys.__stdout__ or sys.stdout)


def say(sentence: str) -> None:
    """One plain line on the terminal."""
    Console(file=sys.__stdout__, highlight=False, markup=False).print(sentence, soft_wrap=True)

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

from cutover_gates.config.base import SettingsError
from cutover_gates.core.verdict import Verdict
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.verdict_subject import build_subject
from cutover_gates.reporting.github import report_to_github
from cutover_gates.reporting.terminal import print_verdict
from cutover_gates.reporting.verdict_files import run_folder_name, unfinished_verdict, write_all

SHARED_FILES = ("junit.xml", "allure-results", "traces")
"""Outputs that speak of the whole run: each gate's folder has them."""


def create_run_folders(run: PytestRun) -> None:
    """A new folder for each gate, with the NO-GO that stands should this process be killed.

    Raises `SettingsError`.
    """
    reports = run.settings.resolve_path(run.settings.reports)
    for gate in run.gates:
        name = run_folder_name(run.started, run.settings.target, gate)
        names = (name if number == 1 else f"{name}-{number}" for number in range(1, 1000))
        folder = next(path for path in (reports / name for name in names) if not path.exists())
        try:
            write_all(unfinished_verdict(run.plan, gate, build_subject(run), run.started), folder)
        except OSError as error:
            raise SettingsError(
                f"the reports folder {reports} cannot be written ({error.strerror}): mend its"
                " permissions or set `reports`"
            ) from None
        run.folders[gate] = folder


def write_verdicts(run: PytestRun, verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        write_all(verdict, run.folders[verdict.gate])


def find_leaked_secrets(run: PytestRun, *others: Path) -> list[str]:
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
        if (names := run.redactor.find_secrets(path.read_bytes()))
    ]


def copy_shared_files(run: PytestRun) -> None:
    """Copy what speaks of the whole run into every further gate's folder."""
    for folder in list(run.folders.values())[1:]:
        for source in (run.first_folder / name for name in SHARED_FILES):
            if source.is_dir():
                shutil.copytree(source, folder / source.name, dirs_exist_ok=True)
            elif source.is_file():
                shutil.copy2(source, folder / source.name)


def show_verdicts(run: PytestRun, verdicts: Sequence[Verdict], notes: Sequence[str] = ()) -> None:
    """Print the verdicts and, in a workflow, report them to the pipeline.

    `notes` are sentences about the run. They stand in the first verdict's text, so that the last
    lines of the terminal are always the verdict's own.
    """
    console = Console(file=sys.__stdout__, highlight=False)
    for verdict in verdicts:
        console.print()
        print_verdict(verdict, console, run.folders[verdict.gate], notes)
        notes = ()
        report_to_github(verdict, os.environ, sys.__stdout__ or sys.stdout)

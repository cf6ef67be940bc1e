"""The outputs of a gate: its folder, the verdict in it, the search for secrets, the terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cutover_gates.config.base import SettingsError
from cutover_gates.core.value_text import text_of
from cutover_gates.core.verdict import Verdict
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.rollback_orders import find_early_order
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.settings_files import describe_files
from cutover_gates.plugin.verdict_subject import build_subject
from cutover_gates.reporting.github import report_to_github
from cutover_gates.reporting.run_folders import create_folder, point_latest, run_folder_name
from cutover_gates.reporting.terminal import print_verdict
from cutover_gates.reporting.verdict_files import LAST, unfinished_verdict, write_all
from cutover_gates.reporting.verdict_summary import headline
from cutover_gates.util.guarded_stream import guard_terminal, print_on_stderr
from cutover_gates.util.terminal_output import print_styled

SHARED_FOLDERS = ("allure-results", "traces")
"""Outputs that speak of the whole run: each gate's folder has them. `junit.xml` is made anew."""


def create_run_folders(run: PytestRun) -> None:
    """Make a folder for each gate, with the NO-GO that stands should this process be killed.

    `latest` names the first of them. Raises `SettingsError`.
    """
    reports = run.settings.resolve_path(run.settings.reports)
    order = find_early_order(run)
    # Written before anything is started: a run that is killed must not leave a folder without a
    # word.
    try:
        for gate in run.gates:
            name = run_folder_name(run.started, run.settings.target, gate, run.tag)
            folder = run.folders[gate] = create_folder(reports / name)
            subject = build_subject(run)
            write_all(unfinished_verdict(run.plan, gate, subject, run.started, order), folder)
        point_latest(run.first_folder, run.started)
    except OSError as error:
        raise SettingsError(
            f"the reports folder {reports} cannot be written ({error.strerror}): change its"
            " permissions, or set `reports`"
        ) from None


def point_latest_to_worst(run: PytestRun, verdicts: Sequence[Verdict]) -> None:
    """Let `latest` name the worst verdict of this run's gates. Raises `OSError`.

    A GO of one gate would else hide the NO-GO of the other.
    """
    worst = min(verdicts, key=lambda verdict: verdict.is_go)
    point_latest(run.folders[worst.gate], run.started)


def announce_gates(run: PytestRun, root: Path) -> None:
    """Print what is about to be judged, and by which files."""
    subject = build_subject(run)
    print_line(describe_files(run.settings, root))
    for line in find_early_order(run).splitlines()[:1]:
        print_line(line)
    for gate in run.gates:
        items = run.plan.select_items(gate)
        signed = sum(item.proof == "sign-off" for item in items)
        print_line(
            f"judging {gate} on {subject.target} ({subject.kind}), release {subject.release}: "
            f"{len(items) - signed} items by checks, {signed} by sign-off"
        )


def copy_shared_folders(run: PytestRun) -> None:
    """Copy what speaks of the whole run into every further gate's folder. Raises `OSError`."""
    for folder in list(run.folders.values())[1:]:
        for source in (run.first_folder / name for name in SHARED_FOLDERS):
            if source.is_dir():
                shutil.copytree(source, folder / source.name, dirs_exist_ok=True)


def show_verdicts(run: PytestRun, verdicts: Sequence[Verdict], notes: Sequence[str] = ()) -> None:
    """Print the verdicts and, in a workflow, report them to the pipeline.

    `notes` are sentences about the run. They stand in the first verdict's text, so that the last
    lines of the terminal are always the verdict's own. Where standard output is closed or broken,
    standard error gets a line for each verdict.
    """
    out, _ = guard_terminal()
    console = Console(file=out.as_text_io(), highlight=False)
    for verdict in verdicts:
        print_styled(console)
        print_verdict(verdict, console, run.folders[verdict.gate], notes)
        notes = ()
        report_to_github(verdict, os.environ, out.as_text_io())
    if out.is_broken:
        for verdict in verdicts:
            print_on_stderr(f"{headline(verdict)}\n{run.folders[verdict.gate] / LAST}")


def show_broken_end(run: PytestRun, verdicts: Sequence[Verdict], error: BaseException) -> None:
    """Say on standard error what stands where the end of the run broke, and how it broke."""
    what = f"the end of the run broke ({type(error).__name__}: {text_of(error)}): report this fault"
    if isinstance(error, KeyboardInterrupt):
        what = "the run was interrupted while its verdict was written: run the gate again"
    if not verdicts:
        print_on_stderr(f"NO-GO: the verdict of the start stands, because {what}")
    for verdict in verdicts:
        print_on_stderr(f"{headline(verdict)}\n{run.folders[verdict.gate] / LAST}\n{what}")

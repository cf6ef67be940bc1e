"""The progress of a gate while it runs: how far it is, how long it took, what failed so far.

pytest's own dots and tracebacks are for people who work on one check.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cutover_gates.plugin.collection import items_of
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.reporting.progress_line import ProgressLine
from cutover_gates.util.terminal_output import print_text
from cutover_gates.util.text import wrap_words

if TYPE_CHECKING:
    from _pytest.capture import CaptureManager  # pytest has no public name for it


def print_line(sentence: str) -> None:
    """Print a plain sentence on the terminal, past pytest's capture.

    A terminal gets it wrapped between words; a file gets one line, to be searched.
    """
    console = Console(file=sys.__stdout__)
    lines = wrap_words(sentence, console.width) if console.is_terminal else [sentence]
    for line in lines:
        print_text(line, sys.__stdout__)


class ProgressPrinter:
    """The progress inside of one long check, such as the load run.

    It goes to standard error, which also reaches the terminal from a worker of xdist. `capture` is
    pytest's own capture manager, which has to release the output for a moment.
    """

    def __init__(self, capture: CaptureManager | None) -> None:
        self._capture = capture
        self._line = ProgressLine(sys.__stderr__) if sys.__stderr__ else None

    def __call__(self, text: str) -> None:
        """Show a line of progress in place of the one before."""
        if self._line is None:
            return
        released = self._capture.global_and_fixture_disabled() if self._capture else nullcontext()
        with released:
            self._line.show(text)


def shorten_pytest_output(config: pytest.Config) -> None:
    """Keep pytest's own output short, unless the user asked for more: the verdict says it all."""
    option = config.option
    if option.verbose == 0 and option.tbstyle == "auto":
        option.verbose, option.no_header, option.no_summary = -1, True, True


class ProgressReporter:
    """The progress over all checks: a line for each check that ends, and one for each failure."""

    def __init__(self, results: ResultCollector) -> None:
        self.results, self.started = results, time.monotonic()
        self.total = self.done = self.failed = 0
        self._line = ProgressLine(sys.__stdout__) if sys.__stdout__ else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the checks that will run in this process."""
        self.total = sum(1 for item in session.items if items_of(item))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Count the checks that the workers of xdist share."""
        self.total = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Print no letters: for an empty letter and word pytest's terminal prints nothing."""
        if report.outcome not in ("passed", "failed", "skipped") or hasattr(report, "wasxfail"):
            return None
        is_counted = report.when == "call" or report.outcome != "passed"
        return (report.outcome if is_counted else "", "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show a failure when it happens, and the progress when a check ends."""
        if self._line is None:
            return
        if report.outcome == "failed":
            self.failed += 1
            word = "FAILED" if report.when == "call" else "ERROR"
            self._line.show_lasting(f"{word} {report.nodeid}")
        if report.when == "teardown":
            self.done += 1
            self._line.show(self._describe_progress(), is_last=self.done == self.total)

    def _describe_progress(self) -> str:
        seconds = time.monotonic() - self.started
        failures = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} of {self.total or '?'} checks, {seconds:.0f} s{failures}"

"""A line of progress while a gate runs: how far, how long, what failed so far.

pytest's own dots and tracebacks are for people who work on one check.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cutover_gates.plugin.collection import items_of
from cutover_gates.plugin.results import ResultCollector

if TYPE_CHECKING:
    from _pytest.capture import CaptureManager  # pytest has no public name for it

INTERVAL_SECONDS = 5.0


def print_line(sentence: str) -> None:
    """Print one plain line on the terminal, past pytest's capture."""
    Console(file=sys.__stdout__, highlight=False, markup=False).print(sentence, soft_wrap=True)


class ProgressPrinter:
    """Says a line while a check runs: on a terminal over the line before, in a pipe one every few
    seconds. Standard error also reaches the terminal from a worker of xdist. `capture` is pytest's
    own capture manager, which has to let go of the output for a moment.
    """

    def __init__(self, capture: CaptureManager | None) -> None:
        self._capture = capture
        self._lock = threading.Lock()
        self._said = 0.0

    def __call__(self, line: str) -> None:
        with (
            self._lock,
            self._capture.global_and_fixture_disabled() if self._capture else nullcontext(),
        ):
            out = sys.__stderr__
            if out is None:
                return
            if out.isatty():
                out.write(f"\r\x1b[K{line}")
            elif time.monotonic() - self._said > INTERVAL_SECONDS:
                self._said = time.monotonic()
                out.write(f"{line}\n")
            out.flush()


def shorten_pytest_output(config: pytest.Config) -> None:
    """Keep pytest itself short, unless the user asked for more: the verdict says it all."""
    option = config.option
    if option.verbose == 0 and option.tbstyle == "auto":
        option.verbose, option.no_header, option.no_summary = -1, True, True


class ProgressReporter:
    """On a terminal one line that is written over; in a pipe a line every few seconds, and one for
    each failure.
    """

    def __init__(self, tally: ResultCollector) -> None:
        self.tally, self.started = tally, time.monotonic()
        self.total = self.done = self.open = 0
        self._said = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.total = sum(1 for item in session.items if items_of(item))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.total = len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No letters: an empty letter and word make pytest's terminal print nothing."""
        if report.outcome not in ("passed", "failed", "skipped") or hasattr(report, "wasxfail"):
            return None
        counted = report.when == "call" or report.outcome != "passed"
        return (report.outcome if counted else "", "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        failed = report.outcome == "failed"
        self.open += failed
        self.done += report.when == "teardown"
        if failed:
            self._print_progress(
                f"{'FAILED' if report.when == 'call' else 'ERROR'} {report.nodeid}", stays=True
            )
        if report.when == "teardown":
            failures = f", {self.open} failed" if self.open else ""
            self._print_progress(
                f"{self.done} of {self.total or '?'} checks, {time.monotonic() - self.started:.0f}"
                f" s{failures}"
            )

    def _print_progress(self, text: str, *, stays: bool = False) -> None:
        out = sys.__stdout__
        if out is None:
            return
        if out.isatty():
            out.write(f"\r\x1b[K{text}" + ("\n" if stays else ""))
        elif stays or time.monotonic() - self._said > INTERVAL_SECONDS or self.done == self.total:
            self._said = time.monotonic()
            out.write(f"{text}\n")
        out.flush()

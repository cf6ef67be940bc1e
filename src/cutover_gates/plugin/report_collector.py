"""Hooks that take pytest's reports into the results, in the controller of a gate."""

from __future__ import annotations

import pytest

from cutover_gates.plugin.check_outcome import CheckOutcome, take_outcome
from cutover_gates.plugin.result_rules import CheckPhase
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.run import PytestRun


class ReportCollector:
    """Takes what checks and collections reported; `run_errors` gets what no check can say."""

    def __init__(self, run: PytestRun, results: ResultCollector, run_errors: list[str]) -> None:
        self.run, self.results, self.run_errors = run, results, run_errors

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record a file that could not be collected, with the reason."""
        if not report.failed:
            return
        reason = self._last_line(report.longreprtext)
        self.results.broken_files[report.nodeid.partition("::")[0]] = reason
        # Each worker of xdist reports the same file once more.
        sentence = f"{report.nodeid} could not be collected: {reason}"
        if sentence not in self.run_errors:
            self.run_errors.append(sentence)

    def _last_line(self, text: str) -> str:
        text = self.run.redactor.redact_text(self.run.suite_folders.clean_text(text))
        lines = [line.removeprefix("E ").strip() for line in text.splitlines()]
        return next((line for line in reversed(lines) if line), "no reason was given")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome off the report, first of all: it may hold secrets.

        The controller learns what a worker has learnt before anyone else sees the report.
        """
        outcome = take_outcome(report)
        for value, name in outcome.new_secrets if outcome else ():
            self.run.redactor.learn(name, value)
        if outcome or self._is_check(report.nodeid):
            self.results.add(report.nodeid, _to_phase(report, outcome or CheckOutcome()))

    def _is_check(self, node_id: str) -> bool:
        if node_id in self.results.collected:
            return True
        return self.run.suite_folders.suite_of_node(node_id) is not None


def _to_phase(report: pytest.TestReport, outcome: CheckOutcome) -> CheckPhase:
    text = report.longreprtext.strip()
    if isinstance(report.longrepr, tuple):
        text = report.longrepr[2].removeprefix("Skipped: ")
    return CheckPhase(
        report.when or "???",
        report.outcome,
        report.duration,
        text,
        hasattr(report, "wasxfail"),
        outcome,
    )

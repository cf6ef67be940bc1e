"""The gatekeeper: brings the target up, gathers what happened, judges at the end, and decides the
exit status. Lives in the controller only.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.verdict import CheckResult, Verdict, VerdictSubject, judge
from cutover_gates.core.waivers import load_decisions
from cutover_gates.hospital import Unsupported
from cutover_gates.plugin import artifacts
from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.cleanup import describe_sweep, save_ledgers, sweep_dead_runs
from cutover_gates.plugin.collection import load_worker_collections
from cutover_gates.plugin.mapping_check_state import untested_mapping_warning
from cutover_gates.plugin.outcome_capture import TARGET_GONE
from cutover_gates.plugin.progress import ProgressPrinter
from cutover_gates.plugin.results import CheckPhase, ResultCollector
from cutover_gates.plugin.run import USER_ERRORS, PytestRun, start_target
from cutover_gates.plugin.verdict_subject import TargetStatus, build_subject, probe_target
from cutover_gates.targets import RunningTarget
from cutover_gates.targets.driver_factory import load_unsupported_operations
from cutover_gates.targets.embedded import TargetDidNotStart

NORMAL_EXIT_CODES = {
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
}
"""pytest's own statuses under which a run came to its end.

Every other one is a fault of the run.
"""


class GateSession:
    """One judged run. `run_errors` are faults of the run itself: any of them is NO-GO."""

    def __init__(self, run: PytestRun, config: pytest.Config, tally: ResultCollector) -> None:
        self.run, self.config, self.tally = run, config, tally
        self.run_errors: list[str] = []
        self.verdicts: list[Verdict] = []
        self._traces: list[str] = []
        self._before: TargetStatus | None = None
        self._target: Iterator[RunningTarget] | None = None
        self._narrowed = frozenset(arg.partition("::")[0] for arg in config.args if "::" in arg)
        self._waivers = load_decisions(run.settings.resolve_path(run.settings.waivers), "waiver")
        self._signoffs = load_decisions(run.settings.resolve_path(run.settings.signoffs), "signoff")
        self._unsupported = frozenset(load_unsupported_operations(run.settings))

    # ── the run begins ──

    def prepare(self) -> None:
        """Leave a NO-GO that stands if this process is killed, and send pytest's own outputs to the
        run's folder. Raises `SettingsError`.
        """
        for item_id in self.run.settings.chosen_target.not_applicable:
            self.run.plan.item(item_id)
        artifacts.create_run_folders(self.run)
        option = self.config.option
        option.xmlpath = option.xmlpath or str(self.run.first_folder / "junit.xml")
        if not __debug__:
            self.run_errors.append(
                "Python runs with -O or PYTHONOPTIMIZE: assertions are not executed, and a check"
                " without them proves nothing"
            )
        if not self.config.pluginmanager.hasplugin("timeout"):
            self.run_errors.append(
                "the plugin pytest-timeout is missing or switched off: a check that hangs would"
                " have no bound"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """The target comes up once, here; xdist's workers are told where it is."""
        if self.config.option.collectonly:
            return
        self._print_target()
        try:
            self._target = start_target(self.run)
            standing = next(self._target)
            self._before = probe_target(self.run, standing)
        except USER_ERRORS as mistake:
            self._abort(str(mistake), pytest.ExitCode.USAGE_ERROR)
        except TargetDidNotStart as error:
            self._abort(str(error), pytest.ExitCode.TESTS_FAILED)
        if self._before and not self._before.answers:
            self._abort(self._before.problem, pytest.ExitCode.TESTS_FAILED)
        self._sweep()
        self._run_load()
        self._fuzz_api()

    def _run_load(self) -> None:
        """Before the first check, so that nothing else is asked of the target meanwhile.

        What it proves is for the checks to say.
        """
        if "performance" not in self.run.suites:
            return
        from cutover_gates.plugin.fixtures.load import load_folder, run_load_once

        folder = load_folder(self.run)
        assert self.run.running_target is not None
        assert folder is not None
        try:
            run_load_once(self.run, self.run.running_target, folder, ProgressPrinter(None))
        except (NotProven, Unsupported):
            pass  # the checks ask again, and are told the same
        except USER_ERRORS as mistake:
            self._abort(str(mistake), pytest.ExitCode.USAGE_ERROR)

    def _fuzz_api(self) -> None:
        """The run over the API's document: before the checks, so that each operation has its own."""
        if "contract" not in self.run.suites:
            return
        from cutover_gates.plugin.api_run import (
            fuzz_once,
            fuzzing_plan,
            load_acceptances,
            shared_folder,
        )

        assert self.run.running_target is not None
        try:
            load_acceptances(self.run)
            artifacts.print_line(fuzzing_plan(self.run, self.run.running_target).description)
            fuzz_once(
                self.run, self.run.running_target, shared_folder(self.run), ProgressPrinter(None)
            )
        except (NotProven, Unsupported):
            pass  # the checks ask again, and are told the same
        except USER_ERRORS as mistake:
            self._abort(str(mistake), pytest.ExitCode.USAGE_ERROR)

    def _print_target(self) -> None:
        subject = build_subject(self.run)
        for gate in self.run.gates:
            items = self.run.plan.select_items(gate)
            signed = sum(item.proof == "sign-off" for item in items)
            artifacts.print_line(
                f"judging {gate} on {subject.target} ({subject.kind}), release {subject.release}: "
                f"{len(items) - signed} items by checks, {signed} by sign-off"
            )

    def _sweep(self) -> None:
        """Retire what dead runs left on the target: earlier ones before this run, its own crashed
        workers after it.
        """
        assert self.run.running_target is not None
        swept = describe_sweep(sweep_dead_runs(self.run, self.run.running_target))
        for sentence in swept:
            artifacts.print_line(sentence)
        self._traces += swept

    def _abort(self, why: str, status: pytest.ExitCode) -> None:
        """Nothing can be asked: judge at once, without a single check."""
        self.run_errors.append(why)
        self.conclude(pytest.ExitCode.OK)
        pytest.exit(why.splitlines()[0], returncode=int(status))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist asks what a new worker shall know."""
        node.workerinput["cutover_tag"] = self.run.tag
        node.workerinput["cutover_folder"] = str(self.run.first_folder)
        if self.run.running_target:
            node.workerinput["cutover_standing"] = self.run.running_target.as_plain()

    # ── checks run ──

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            text = self.run.redactor.redact_text(
                self.run.suite_folders.clean_text(report.longreprtext)
            )
            lines = [line.removeprefix("E ").strip() for line in text.splitlines()]
            reason = next((line for line in reversed(lines) if line), "no reason was given")
            self.tally.broken_files[report.nodeid.partition("::")[0]] = reason
            if (
                sentence := f"{report.nodeid} could not be collected: {reason}"
            ) not in self.run_errors:
                self.run_errors.append(sentence)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """First of all: what a worker has learnt is known here before anyone else sees the report,
        and goes no further.
        """
        seen = dict(vars(report).get("cutover", {}))
        for value, name in seen.pop("secrets", []):
            self.run.redactor.learn(name, value)
        if seen:
            vars(report)["cutover"] = seen
        if (
            seen
            or report.nodeid in self.tally.collected
            or self.run.suite_folders.suite_of_node(report.nodeid)
        ):
            text = (
                report.longrepr[2].removeprefix("Skipped: ")
                if isinstance(report.longrepr, tuple)
                else report.longreprtext.strip()
            )
            self.tally.add(
                report.nodeid,
                CheckPhase(
                    report.when or "???",
                    report.outcome,
                    report.duration,
                    text,
                    hasattr(report, "wasxfail"),
                    seen,
                ),
            )

    # ── the run ends ──

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Outermost: JUnit, Allure and everyone else have written before the outputs are scanned
        and the verdict is given.
        """
        yield
        if not self.config.option.collectonly and not self.verdicts:
            self.conclude(session.exitstatus)
        session.exitstatus = self.exit_status(session.exitstatus)

    def conclude(self, exitstatus: int) -> None:
        """Judge every gate, write and show it."""
        self._check_run_integrity(exitstatus)
        load_worker_collections(self.tally, self.run.first_folder)
        said = self._before.not_offered if self._before else {}
        results = self.tally.results(
            build_inventory(self.run.suite_folders), self._narrowed, self._unsupported, said
        )
        subject = build_subject(self.run, self._before)
        self._judge(results, subject)
        if leaks := artifacts.find_leaked_secrets(self.run, Path(self.config.option.xmlpath)):
            self.run_errors += leaks
            self._judge(results, subject)
        artifacts.copy_shared_files(self.run)
        warning = untested_mapping_warning(self.run) if self._has_failures() else ""
        notes = [note for note in (*self._traces, warning) if note]
        artifacts.show_verdicts(self.run, self.verdicts, notes)

    def _judge(self, results: list[CheckResult], subject: VerdictSubject) -> None:
        self.verdicts = [
            judge(
                self.run.plan,
                gate,
                results,
                subject=subject,
                started=self.run.started,
                now=datetime.now(UTC),
                waivers=self._waivers,
                signoffs=self._signoffs,
                not_applicable=self.run.settings.chosen_target.not_applicable,
                holds=self.run_errors,
            )
            for gate in self.run.gates
        ]
        artifacts.write_verdicts(self.run, self.verdicts)

    def _check_run_integrity(self, exitstatus: int) -> None:
        """What can only be seen at the end: an interrupted run, a target that became another one
        under our hands.
        """
        if exitstatus not in NORMAL_EXIT_CODES:
            self.run_errors.append(
                f"the run did not come to its end (pytest's status {int(exitstatus)})"
            )
        if exitstatus == pytest.ExitCode.TESTS_FAILED and not self._has_failures():
            self.run_errors.append("pytest reports a failure that belongs to no check")
        gone = any(
            phase.captured.get("gone") for phases in self.tally.phases.values() for phase in phases
        )
        if gone:
            self.run_errors.append(TARGET_GONE)
        elif self._before and self._before.answers and self.run.running_target:
            after = probe_target(self.run, self.run.running_target)
            if after.release != self._before.release:
                said = after.release or after.problem or "nothing"
                self.run_errors.append(
                    f"the target changed during the run: it said release {self._before.release},"
                    f" and at the end {said}"
                )
            if after.answers:
                self._sweep()
        if self.run.running_target:
            self._traces.append(save_ledgers(self.run, self.run.first_folder / "traces"))
        if self._target is not None:
            next(self._target, None)

    def _has_failures(self) -> bool:
        return any(
            phase.outcome == "failed" for phases in self.tally.phases.values() for phase in phases
        )

    def exit_status(self, pytest_status: int) -> int:
        """0 for GO and GO WITH WAIVERS, and never 0 otherwise."""
        if self.verdicts and all(verdict.is_go for verdict in self.verdicts):
            return 0
        return int(pytest_status) or int(pytest.ExitCode.TESTS_FAILED)

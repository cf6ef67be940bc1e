"""The session of a gate: it starts the target, judges at the end, and decides the exit status.

It lives in the controller only.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NoReturn

import pytest

from cutover_gates.core.verdict import CheckResult, Verdict
from cutover_gates.plugin import artifacts
from cutover_gates.plugin.acknowledged_writes import judge_comparisons
from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.collection_record import load_worker_collections
from cutover_gates.plugin.exit_status import decide_status
from cutover_gates.plugin.expected_checks import ExpectedChecks, bind_to_plan
from cutover_gates.plugin.gate_outputs import GateOutputs, describe_broken_step
from cutover_gates.plugin.gate_target import GateTarget
from cutover_gates.plugin.judgement import (
    add_target_facts,
    build_notes,
    build_terms,
    find_abnormal_end,
    judge_gates,
    load_all_decisions,
)
from cutover_gates.plugin.parts import PARTS_KEY, describe_missing_parts, find_missing_guards
from cutover_gates.plugin.provenance import Provenance
from cutover_gates.plugin.release_judgement import refuse_conflicts
from cutover_gates.plugin.report_collector import ReportCollector
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.run import USER_ERRORS, PytestRun
from cutover_gates.plugin.runs_beforehand import make_runs_beforehand
from cutover_gates.plugin.settings_files import (
    refuse_uncollected_suites,
    refuse_unnamed_plan,
)
from cutover_gates.plugin.signing import read_signer
from cutover_gates.plugin.staging_proof import prove_by_staging
from cutover_gates.plugin.step_answers import judge_all_answers
from cutover_gates.plugin.verdict_subject import build_subject
from cutover_gates.plugin.worker_reports import WorkerReportCollector
from cutover_gates.targets.driver_factory import load_unsupported_operations
from cutover_gates.targets.embedded import TargetDidNotStart


class GateSession:
    """One judged run. `run_errors` are faults of the run itself: any of them is NO-GO.

    `holds` grows during the run: what other parts of the plugin in this process find.
    """

    def __init__(
        self,
        run: PytestRun,
        config: pytest.Config,
        results: ResultCollector,
        holds: list[str],
    ) -> None:
        """Read what people decided. Raises the user's errors."""
        self.run, self.config, self.results, self.holds = run, config, results, holds
        self.parts, self.workers = config.stash[PARTS_KEY], WorkerReportCollector()
        refuse_uncollected_suites(config, run.settings, run.suite_folders)
        refuse_conflicts(run)
        refuse_unnamed_plan(run.settings, config)
        self.run_errors = find_missing_guards(config)
        self.provenance = Provenance(run, config)
        self.verdicts: list[Verdict] = []
        self.has_begun = self.was_interrupted = self.was_refused = self.is_broken = False
        self.target = GateTarget(run)
        self._acknowledged: list[CheckResult] = []
        self.decisions = load_all_decisions(run)
        self.signing_key = read_signer(run)
        # `file::check` leaves no trace of the other checks of the file: it is remembered here.
        self._narrowed = frozenset(arg.partition("::")[0] for arg in config.args if "::" in arg)
        self._unsupported = frozenset(load_unsupported_operations(run.settings))

    def prepare(self) -> None:
        """Leave a NO-GO that stands if this process is killed, and collect pytest's reports.

        pytest's own outputs go to the run's folder. Raises `SettingsError`.
        """
        artifacts.create_run_folders(self.run)
        self.outputs = GateOutputs(self.run, self.config, self.signing_key)
        reports = ReportCollector(self.run, self.results, self.run_errors)
        self.parts.register(reports, "cutover-report-collector")
        self.parts.register(self.workers, "cutover-worker-reports")
        self.parts.register(self.provenance.plugins, "cutover-plugin-recorder")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Bring the target up, once; xdist's workers are told where it is."""
        if self.config.option.collectonly:
            return
        self.has_begun = True
        artifacts.announce_gates(self.run, self.config.rootpath)
        try:
            self.outputs.write_unfinished()
            self.target.start()
            self.target.sweep()
            assert self.run.running_target is not None
            make_runs_beforehand(self.run, self.run.running_target)
        except USER_ERRORS as mistake:
            self.was_refused = True
            self._abort(str(mistake), pytest.ExitCode.USAGE_ERROR)
        except TargetDidNotStart as error:
            self._abort(str(error), pytest.ExitCode.TESTS_FAILED)

    def _abort(self, why: str, status: pytest.ExitCode) -> NoReturn:
        """Judge at once, without a single check: nothing can be asked."""
        self.run_errors.append(why)
        # OK, because pytest itself did nothing wrong: the reason is in `run_errors`.
        self.conclude(pytest.ExitCode.OK)
        pytest.exit(why.splitlines()[0], returncode=int(status))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a new worker of xdist its run and its target."""
        node.workerinput["cutover_tag"] = self.run.tag
        node.workerinput["cutover_folder"] = str(self.run.first_folder)
        if self.run.running_target:
            node.workerinput["cutover_target"] = self.run.running_target.as_plain()

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that a person stopped the run. pytest's own reasons are of other classes."""
        self.was_interrupted = excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Judge, outermost: JUnit, Allure and everyone else have written their outputs by then."""
        try:
            yield
        except BaseException as error:
            # Such as a full disk, or a plugin of someone's own that leaves with success: the
            # verdict is due all the same.
            self.was_interrupted |= isinstance(error, KeyboardInterrupt)
            self.run_errors.append(describe_broken_step("the end of pytest's session", error))
        if not self.config.option.collectonly and not self.verdicts:
            try:
                self.conclude(session.exitstatus)
            except (Exception, KeyboardInterrupt) as error:  # a line says what stands
                self.is_broken = True
                self.was_interrupted |= isinstance(error, KeyboardInterrupt)
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
                artifacts.show_broken_end(self.run, self.verdicts, error)
        session.exitstatus = self.exit_status(session.exitstatus)

    def conclude(self, exit_status: int) -> None:
        """Judge every gate, write and show the verdicts. The first Ctrl-C meanwhile waits."""
        with self.outputs.interrupt.delayed():
            self._conclude(exit_status)
        self.was_interrupted |= self.outputs.interrupt.is_told

    def _conclude(self, exit_status: int) -> None:
        self.run_errors += describe_missing_parts(self.parts.find_missing())
        self.run_errors += [*self.holds, *self.workers.find_holds(), *self.target.holds]
        self.run_errors += find_abnormal_end(exit_status, self.results)
        self.run_errors += self.provenance.find_changes()
        changes = self.target.find_changes(is_gone=self.results.target_is_gone)
        self.run_errors += [*changes, *self.target.record_document()]
        # It copies its ledgers into the folder that is searched for secrets below.
        self._try("the end of the target", self.target.stop)
        self._try(
            "reading what the workers collected",
            partial(load_worker_collections, self.results, self.run.first_folder),
        )
        self._try("copying outputs", partial(artifacts.copy_shared_folders, self.run))
        expected = bind_to_plan(build_inventory(self.run.suite_folders), self.run.plan)
        self._acknowledged, lost = judge_comparisons(self.run)
        self.run_errors += [*lost, *expected.helper_slips]
        self._judge(expected)
        point = partial(artifacts.point_latest_to_worst, self.run, self.verdicts)
        self._try("pointing latest to this run", point)
        notes = [*self.target.notes, *self.target.releases.notes()]
        notes = build_notes(self.run, notes, self.results, expected, self.signing_key)
        artifacts.show_verdicts(self.run, self.verdicts, notes)

    def _judge(self, expected: ExpectedChecks) -> None:
        """Judge and write. A fault of an output is a run error, and the gate is judged again."""
        undeclared = self.target.status.not_offered if self.target.status else {}
        results = self.results.results(expected, self._narrowed, self._unsupported, undeclared)
        results += [*self._acknowledged, *judge_all_answers(self.run)]
        releases = self.target.releases
        subject = build_subject(self.run, self.target.status, tuple(releases.answers))
        results += prove_by_staging(self.run, subject, self.signing_key)
        decisions = add_target_facts(self.run, self.decisions, self.target.status, results)
        terms = build_terms(self.run, decisions.waivers, expected, results)

        def judge() -> list[Verdict]:
            return judge_gates(
                self.run, results, decisions, subject, self.run_errors, releases, terms
            )

        self.verdicts = self.outputs.publish(judge, self.run_errors)

    def _try(self, what: str, step: Callable[[], None]) -> None:
        """Take a step that may fail for a full disk: that is a run error, and no end."""
        try:
            step()
        except OSError as error:
            self.run_errors.append(describe_broken_step(what, error))

    def exit_status(self, pytest_status: int) -> int:
        """Return 0 for GO and GO WITH WAIVERS, and never 0 otherwise."""
        return decide_status(
            self.verdicts,
            pytest_status,
            interrupted=self.was_interrupted,
            refused=self.was_refused,
        )

    def conclude_late(self, pytest_status: int) -> None:
        """Judge a run that ended while its target came up: pytest then finishes no session."""
        is_due = self.has_begun and not self.is_broken and not self.verdicts
        if is_due and not self.config.option.collectonly:
            self.conclude(pytest_status)

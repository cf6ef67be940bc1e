"""The gatekeeper: brings the target up, gathers what happened, judges at the end, and decides the
exit status. Lives in the controller only.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cutover.evidence import NotProven
from cutover.hospital import NotOffered
from cutover.pytest_plugin import outputs
from cutover.pytest_plugin.census import take_census
from cutover.pytest_plugin.progress import Teller
from cutover.pytest_plugin.reports import GONE
from cutover.pytest_plugin.roll import read_rolls
from cutover.pytest_plugin.run import MISTAKES, Run, bring_up
from cutover.pytest_plugin.subject import subject_of
from cutover.pytest_plugin.survey import Survey, survey
from cutover.pytest_plugin.tally import Phase, Tally
from cutover.pytest_plugin.ties import suite_of
from cutover.pytest_plugin.traces import keep_account, sweep_dead_runs, told
from cutover.pytest_plugin.walked import never_walked
from cutover.targets import Standing
from cutover.targets.connecting import declared_unsupported
from cutover.targets.embedded import DidNotStart
from cutover.verdict import CheckResult, Subject, Verdict, judge
from cutover.waivers import load_decisions

CAME_TO_ITS_END = {
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
}
"""pytest's own statuses under which a run came to its end.

Every other one is a fault of the run.
"""


class GateKeeper:
    """One judged run. `holds` are faults of the run itself: any of them is NO-GO."""

    def __init__(self, run: Run, config: pytest.Config, tally: Tally) -> None:
        self.run, self.config, self.tally = run, config, tally
        self.holds: list[str] = []
        self.verdicts: list[Verdict] = []
        self._traces: list[str] = []
        self._before: Survey | None = None
        self._target: Iterator[Standing] | None = None
        self._narrowed = frozenset(arg.partition("::")[0] for arg in config.args if "::" in arg)
        self._waivers = load_decisions(run.settings.path(run.settings.waivers), "waiver")
        self._signoffs = load_decisions(run.settings.path(run.settings.signoffs), "signoff")
        self._unsupported = frozenset(declared_unsupported(run.settings))

    # ── the run begins ──

    def prepare(self) -> None:
        """Leave a NO-GO that stands if this process is killed, and send pytest's own outputs to the
        run's folder. Raises `SettingsError`.
        """
        for item_id in self.run.settings.chosen.not_applicable:
            self.run.plan.item(item_id)
        outputs.make_folders(self.run)
        option = self.config.option
        option.xmlpath = option.xmlpath or str(self.run.first_folder / "junit.xml")
        if not __debug__:
            self.holds.append(
                "Python runs with -O or PYTHONOPTIMIZE: assertions are not executed, and a check"
                " without them proves nothing"
            )
        if not self.config.pluginmanager.hasplugin("timeout"):
            self.holds.append(
                "the plugin pytest-timeout is missing or switched off: a check that hangs would"
                " have no bound"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """The target comes up once, here; xdist's workers are told where it is."""
        if self.config.option.collectonly:
            return
        self._announce()
        try:
            self._target = bring_up(self.run)
            standing = next(self._target)
            self._before = survey(self.run, standing)
        except MISTAKES as mistake:
            self._give_up(str(mistake), pytest.ExitCode.USAGE_ERROR)
        except DidNotStart as error:
            self._give_up(str(error), pytest.ExitCode.TESTS_FAILED)
        if self._before and not self._before.answers:
            self._give_up(self._before.words, pytest.ExitCode.TESTS_FAILED)
        self._sweep()
        self._put_load_on()
        self._try_out()

    def _put_load_on(self) -> None:
        """Before the first check, so that nothing else is asked of the target meanwhile.

        What it proves is for the checks to say.
        """
        if "performance" not in self.run.suites:
            return
        from cutover.pytest_plugin.performance import conducted, folder_of

        folder = folder_of(self.run)
        assert self.run.standing is not None
        assert folder is not None
        try:
            conducted(self.run, self.run.standing, folder, Teller(None))
        except (NotProven, NotOffered):
            pass  # the checks ask again, and are told the same
        except MISTAKES as mistake:
            self._give_up(str(mistake), pytest.ExitCode.USAGE_ERROR)

    def _try_out(self) -> None:
        """The run over the API's document: before the checks, so that each operation has its own."""
        if "contract" not in self.run.suites:
            return
        from cutover.pytest_plugin.contract import accepted_in, folder_of, plan_in, tried

        assert self.run.standing is not None
        try:
            accepted_in(self.run)
            outputs.say(plan_in(self.run, self.run.standing).words)
            tried(self.run, self.run.standing, folder_of(self.run), Teller(None))
        except (NotProven, NotOffered):
            pass  # the checks ask again, and are told the same
        except MISTAKES as mistake:
            self._give_up(str(mistake), pytest.ExitCode.USAGE_ERROR)

    def _announce(self) -> None:
        subject = subject_of(self.run)
        for gate in self.run.gates:
            items = self.run.plan.judged_by(gate)
            signed = sum(item.proof == "sign-off" for item in items)
            outputs.say(
                f"judging {gate} on {subject.target} ({subject.kind}), release {subject.release}: "
                f"{len(items) - signed} items by checks, {signed} by sign-off"
            )

    def _sweep(self) -> None:
        """Retire what dead runs left on the target: earlier ones before this run, its own crashed
        workers after it.
        """
        assert self.run.standing is not None
        swept = told(sweep_dead_runs(self.run, self.run.standing))
        for sentence in swept:
            outputs.say(sentence)
        self._traces += swept

    def _give_up(self, why: str, status: pytest.ExitCode) -> None:
        """Nothing can be asked: judge at once, without a single check."""
        self.holds.append(why)
        self.conclude(pytest.ExitCode.OK)
        pytest.exit(why.splitlines()[0], returncode=int(status))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist asks what a new worker shall know."""
        node.workerinput["cutover_tag"] = self.run.tag
        node.workerinput["cutover_folder"] = str(self.run.first_folder)
        if self.run.standing:
            node.workerinput["cutover_standing"] = self.run.standing.as_plain()

    # ── checks run ──

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            text = self.run.redactor.text(report.longreprtext).replace(
                f"{self.run.root}{os.sep}", ""
            )
            lines = [line.removeprefix("E ").strip() for line in text.splitlines()]
            reason = next((line for line in reversed(lines) if line), "no reason was given")
            self.tally.broken_files[report.nodeid.partition("::")[0]] = reason
            if (sentence := f"{report.nodeid} could not be collected: {reason}") not in self.holds:
                self.holds.append(sentence)

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
            or suite_of(self.run.root / report.nodeid.partition("::")[0], self.run.root)
        ):
            text = (
                report.longrepr[2].removeprefix("Skipped: ")
                if isinstance(report.longrepr, tuple)
                else report.longreprtext.strip()
            )
            self.tally.add(
                report.nodeid,
                Phase(
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
        session.exitstatus = self.status(session.exitstatus)

    def conclude(self, exitstatus: int) -> None:
        """Judge every gate, write and show it."""
        self._look_back(exitstatus)
        read_rolls(self.tally, self.run.first_folder)
        said = self._before.not_offered if self._before else {}
        results = self.tally.results(
            take_census(self.run.root), self._narrowed, self._unsupported, said
        )
        subject = subject_of(self.run, self._before)
        self._judge(results, subject)
        if leaks := outputs.leaks(self.run, Path(self.config.option.xmlpath)):
            self.holds += leaks
            self._judge(results, subject)
        outputs.share(self.run)
        outputs.show(self.run, self.verdicts)
        for sentence in filter(
            None, [*self._traces, never_walked(self.run) if self._failed() else ""]
        ):
            outputs.say(sentence)

    def _judge(self, results: list[CheckResult], subject: Subject) -> None:
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
                not_applicable=self.run.settings.chosen.not_applicable,
                holds=self.holds,
            )
            for gate in self.run.gates
        ]
        outputs.write(self.run, self.verdicts)

    def _look_back(self, exitstatus: int) -> None:
        """What can only be seen at the end: an interrupted run, a target that became another one
        under our hands.
        """
        if exitstatus not in CAME_TO_ITS_END:
            self.holds.append(
                f"the run did not come to its end (pytest's status {int(exitstatus)})"
            )
        if exitstatus == pytest.ExitCode.TESTS_FAILED and not self._failed():
            self.holds.append("pytest reports a failure that belongs to no check")
        gone = any(
            phase.seen.get("gone") for phases in self.tally.phases.values() for phase in phases
        )
        if gone:
            self.holds.append(GONE)
        elif self._before and self._before.answers and self.run.standing:
            after = survey(self.run, self.run.standing)
            if after.release != self._before.release:
                said = after.release or after.words or "nothing"
                self.holds.append(
                    f"the target changed during the run: it said release {self._before.release},"
                    f" and at the end {said}"
                )
            if after.answers:
                self._sweep()
        if self.run.standing:
            self._traces.append(keep_account(self.run, self.run.first_folder / "traces"))
        if self._target is not None:
            next(self._target, None)

    def _failed(self) -> bool:
        return any(
            phase.outcome == "failed" for phases in self.tally.phases.values() for phase in phases
        )

    def status(self, pytest_status: int) -> int:
        """0 for GO and GO WITH WAIVERS, and never 0 otherwise."""
        if self.verdicts and all(verdict.is_go for verdict in self.verdicts):
            return 0
        return int(pytest_status) or int(pytest.ExitCode.TESTS_FAILED)

"""The gatekeeper: brings the target up, gathers what happened, judges at the end, and decides the exit status. Lives in the controller only."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cutover.pytest_plugin.census import take_census
from cutover.pytest_plugin.roll import read_rolls
from cutover.pytest_plugin.run import MISTAKES, Run, bring_up
from cutover.pytest_plugin.subject import subject_of
from cutover.pytest_plugin.survey import Survey, survey
from cutover.pytest_plugin.tally import Phase, Tally
from cutover.pytest_plugin.ties import suite_of
from cutover.pytest_plugin.traces import keep_account, sweep_dead_runs, told
from cutover.reporting import github, terminal
from cutover.reporting.write import placeholder, run_folder, write_all
from cutover.settings import SettingsError
from cutover.targets import Standing
from cutover.targets.embedded import DidNotStart
from cutover.verdict import Verdict, judge
from cutover.waivers import load_decisions

JUDGED_STATUS = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
"""pytest's own statuses under which a run came to its end. Every other one is a fault of the run."""


class GateKeeper:
    """One judged run. `holds` are faults of the run itself: any of them is NO-GO."""

    def __init__(self, run: Run, config: pytest.Config, tally: Tally) -> None:
        self.run, self.config, self.tally = run, config, tally
        self.holds: list[str] = []
        self.verdicts: list[Verdict] = []
        self.before: Survey | None = None
        self.left: list[str] = []
        self._target: Iterator[Standing] | None = None
        self._narrowed = frozenset(arg.partition("::")[0] for arg in config.args if "::" in arg)
        self._waivers = load_decisions(run.settings.path(run.settings.waivers), "waiver")
        self._signoffs = load_decisions(run.settings.path(run.settings.signoffs), "signoff")

    # ── the run begins ──

    def prepare(self) -> None:
        """Say what will be judged, leave a NO-GO that stands if this process is killed, and send pytest's own outputs to the run's folder."""
        self._make_folders()
        option = self.config.option
        option.xmlpath = option.xmlpath or str(self.run.first_folder / "junit.xml")
        if not self.config.pluginmanager.hasplugin("timeout"):
            self.holds.append("the plugin pytest-timeout is missing or switched off: a check that hangs would have no bound")

    def _make_folders(self) -> None:
        reports = self.run.settings.path(self.run.settings.reports)
        for gate in self.run.gates:
            name = run_folder(self.run.started, self.run.settings.target, gate)
            folder = next(path for number in range(1, 1000) if not (path := reports / (name if number == 1 else f"{name}-{number}")).exists())
            try:
                write_all(placeholder(self.run.plan, gate, subject_of(self.run), self.run.started), folder)
            except OSError as error:
                raise SettingsError(f"the reports folder {reports} cannot be written ({error.strerror}): mend its permissions or set `reports`") from None
            self.run.folders[gate] = folder

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """The target comes up once, here; xdist's workers are told where it is."""
        if self.config.option.collectonly:
            return
        self._announce()
        try:
            self._target = bring_up(self.run)
            next(self._target)
            self.before = survey(self.run)
        except MISTAKES as mistake:
            self._give_up(str(mistake), int(pytest.ExitCode.USAGE_ERROR))
        except DidNotStart as error:
            self._give_up(str(error), int(pytest.ExitCode.TESTS_FAILED))
        if self.before and not self.before.answers:
            self._give_up(self.before.words, int(pytest.ExitCode.TESTS_FAILED))
        self._sweep()

    def _sweep(self) -> None:
        """Retire what dead runs left on the target: earlier ones before this run, its own crashed workers after it."""
        assert self.run.standing is not None
        self.left = told(sweep_dead_runs(self.run, self.run.standing))
        for sentence in self.left:
            self._say(sentence)

    def _announce(self) -> None:
        subject = subject_of(self.run)
        for gate in self.run.gates:
            items = self.run.plan.judged_by(gate)
            signed = sum(item.proof == "sign-off" for item in items)
            self._say(f"judging {gate} on {subject.target} ({subject.kind}), release {subject.release}: {len(items) - signed} items by checks, {signed} by sign-off")

    def _give_up(self, why: str, status: int) -> None:
        """Nothing can be asked: judge at once, without a single check."""
        self.holds.append(why)
        self.conclude(pytest.ExitCode.OK)
        pytest.exit(why.splitlines()[0], returncode=status)

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
            text = self.run.redactor.text(report.longreprtext).strip()
            lines = [line.removeprefix("E ").strip() for line in text.replace(f"{self.run.root}{os.sep}", "").splitlines()]
            reason = next((line for line in reversed(lines) if line), "no reason was given")
            self.tally.broken_files[report.nodeid.partition("::")[0]] = reason
            if (sentence := f"{report.nodeid} could not be collected: {reason}") not in self.holds:
                self.holds.append(sentence)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seen = dict(getattr(report, "cutover", {}))
        for value, name in seen.pop("secrets", []):
            self.run.redactor.learn(name, value)
        if seen:
            report.cutover = seen  # type: ignore[attr-defined]  # our own attribute; without the secrets, for whoever writes reports down
        if seen or report.nodeid in self.tally.collected or suite_of(self.run.root / report.nodeid.partition("::")[0], self.run.root):
            text = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else report.longreprtext.strip()
            self.tally.add(report.nodeid, Phase(report.when or "???", report.outcome, report.duration, text, hasattr(report, "wasxfail"), seen))

    # ── the run ends ──

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Outermost: JUnit, Allure and everyone else have written before the outputs are scanned and the verdict is given."""
        yield
        if not self.config.option.collectonly and not self.verdicts:
            self.conclude(session.exitstatus)
        session.exitstatus = self.status(session.exitstatus)

    def conclude(self, exitstatus: int) -> None:
        """Judge every gate, write and show it."""
        self._look_back(exitstatus)
        read_rolls(self.tally, self.run.first_folder)
        results = self.tally.results(take_census(self.run.root), self._narrowed, self.run.settings.chosen.unsupported)
        subject = subject_of(self.run, *((self.before.release, self.before.migration) if self.before else (None, None)))
        decide: Callable[[str], Verdict] = lambda gate: judge(  # noqa: E731  # said twice below with the same thirteen arguments otherwise
            self.run.plan, gate, results, subject=subject, started=self.run.started, now=datetime.now(UTC), waivers=self._waivers,
            signoffs=self._signoffs, not_applicable=self.run.settings.chosen.not_applicable, holds=self.holds)
        self._write([decide(gate) for gate in self.run.gates])
        if leaks := self._leaks():
            self.holds += leaks
            self._write([decide(gate) for gate in self.run.gates])
        self._share_outputs()
        self._show()

    def _look_back(self, exitstatus: int) -> None:
        """What can only be seen at the end: an interrupted run, a target that became another one under our hands."""
        if exitstatus not in JUDGED_STATUS | {pytest.ExitCode.NO_TESTS_COLLECTED}:
            self.holds.append(f"the run did not come to its end (pytest's status {int(exitstatus)})")
        if exitstatus == pytest.ExitCode.TESTS_FAILED and not any(phase.outcome == "failed" for phases in self.tally.phases.values() for phase in phases):
            self.holds.append("pytest reports a failure that belongs to no check")
        if self.before and self.before.answers and (after := survey(self.run)).release != self.before.release:
            self.holds.append(f"the target changed during the run: it was release {self.before.release}, and is {after.release or 'silent'} at the end")
        if self.before and self.before.answers:
            self._sweep()
        self.left.append(keep_account(self.run, self.run.first_folder / "traces"))
        if self._target is not None:
            next(self._target, None)

    def _write(self, verdicts: list[Verdict]) -> None:
        self.verdicts = verdicts
        for verdict in verdicts:
            write_all(verdict, self.run.folders[verdict.gate])

    def _leaks(self) -> list[str]:
        """Every output is read again before it is handed over: a secret in it is NO-GO."""
        files = [path for folder in self.run.folders.values() for path in sorted(folder.rglob("*")) if path.is_file()]
        own = Path(self.config.option.xmlpath)
        files += [own] if own.is_file() and own not in files else []
        return [f"the output {path.name} holds a secret ({', '.join(names)}): do not hand it on, and change that secret"
                for path in files if (names := self.run.redactor.find(path.read_bytes()))]

    def _share_outputs(self) -> None:
        """JUnit and Allure speak of the whole run: each gate's folder has them."""
        for folder in list(self.run.folders.values())[1:]:
            for name in ("junit.xml", "allure-results", "traces"):
                source = self.run.first_folder / name
                if source.is_dir():
                    shutil.copytree(source, folder / name, dirs_exist_ok=True)
                elif source.is_file():
                    shutil.copy2(source, folder / name)

    def _show(self) -> None:
        console = Console(file=sys.__stdout__, highlight=False)
        for verdict in self.verdicts:
            console.print()
            terminal.show(verdict, console, self.run.folders[verdict.gate])
            github.announce(verdict, os.environ, sys.__stdout__ or sys.stdout)
        for sentence in filter(None, self.left):
            self._say(sentence)

    def status(self, pytest_status: int) -> int:
        """0 for GO and GO WITH WAIVERS, and never 0 otherwise."""
        if self.verdicts and all(verdict.is_go for verdict in self.verdicts):
            return 0
        return int(pytest_status) or int(pytest.ExitCode.TESTS_FAILED)

    def _say(self, sentence: str) -> None:
        Console(file=sys.__stdout__, highlight=False, markup=False).print(sentence, soft_wrap=True)

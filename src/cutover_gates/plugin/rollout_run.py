"""`pytest -m phase2`: the gates of the steps one after the other, and the verdict that joins them.

It never begins a step while the one before is no GO, or a trigger has fired or is pending. Without
`--advance` and `--abort-on-trigger` it changes nothing.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from cutover_gates.core.rollout.rollout_step import STEP_GATES
from cutover_gates.core.verdict import Verdict
from cutover_gates.plugin import artifacts
from cutover_gates.plugin.captain_wait import (
    CaptainWait,
    find_obstacle,
    has_entered,
    wait_until_clear,
)
from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.expected_checks import bind_to_plan
from cutover_gates.plugin.joined_steps import StepVerdict, join_results, list_holds
from cutover_gates.plugin.judgement import add_target_facts, build_terms, judge_gates
from cutover_gates.plugin.live_step import abort_rollout, describe_proofs
from cutover_gates.plugin.parts import describe_missing_parts
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.run import USER_ERRORS, PytestRun
from cutover_gates.plugin.session import GateSession
from cutover_gates.plugin.step_children import StepChildren, hand_over
from cutover_gates.plugin.step_watcher import NotWatched, StepWatcher, ensure_watcher
from cutover_gates.plugin.verdict_subject import build_subject
from cutover_gates.targets.driver_factory import watch_of
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.targets.running_target import RunningTarget

PLAN_MINUTES = 30
"""The plan gives its whole phase 2 so long, and its own steps take longer."""


class RolloutSession(GateSession):
    """The session of the call: no check is collected here, each step has a process of its own."""

    def __init__(
        self,
        run: PytestRun,
        config: pytest.Config,
        results: ResultCollector,
        holds: list[str],
    ) -> None:
        # Workers of xdist would collect: those of the steps' own gates do.
        config.option.dist, config.option.tx = "no", []
        super().__init__(run, config, results, holds)
        self.rollout = run.settings.chosen_target.rollout
        self.steps: list[StepVerdict] = []
        self._stack = ExitStack()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Say what is about to be judged; nothing is started yet."""
        if self.config.option.collectonly:
            return
        self.has_begun = True
        artifacts.announce_gates(self.run, self.config.rootpath)
        try:
            self.outputs.write_unfinished()
        except USER_ERRORS as mistake:
            self.was_refused = True
            self._abort(str(mistake), pytest.ExitCode.USAGE_ERROR)
        self._tell_beforehand()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool | None:
        """Collect nothing: the checks are those of the steps."""
        if self.config.option.collectonly:
            return None
        session.items = []
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        """Judge the steps one after the other."""
        try:
            self._judge_steps()
        except USER_ERRORS as mistake:
            self.was_refused = True
            self.run_errors.append(str(mistake))
        except (TargetDidNotStart, NotWatched) as error:
            self.run_errors.append(str(error))
        return True

    def _judge_steps(self) -> None:
        target = self.target.start_unasked()
        folder, _ = watch_of(self.run.settings, target)
        watcher = ensure_watcher(self.run.settings, target.release, folder, self.run.first_folder)
        self._stack.callback(watcher.stop)
        if watcher.process is not None:
            print_line(f"no watcher was running: one watches the whole rollout ({folder})")
        for sentence in describe_proofs(self.run, target, self.rollout.steps):
            print_line(sentence)
            self.run.notes.append(sentence)
        variables = {}
        if target.kind == "embedded":
            variables = self._stack.enter_context(hand_over(target))
        called = self.config.invocation_params
        children = StepChildren(self.run, called.args, called.dir, variables)
        for percent in self.rollout.steps:
            if self.steps and (why := self._wait_for_next(percent, target, watcher)):
                self.run_errors.append(f"the step of {percent} % did not begin: {why}")
                self._take_back(target, watcher)
                return
            print_line(f"── {STEP_GATES[percent]}")
            self.steps.append(children.judge(percent))
            if not self.steps[-1].is_go:
                return

    def _tell_beforehand(self) -> None:
        """Say what the whole takes, before it begins."""
        dwell = self.rollout.dwell_seconds
        seconds = sum(dwell.of_step(percent) for percent in self.rollout.steps)
        if seconds > 60 * PLAN_MINUTES:
            note = (
                f"the steps are live for {seconds / 60:g} minutes together, and the plan gives its"
                f" phase 2 {PLAN_MINUTES} minutes: the steps count, so plan for them"
            )
            print_line(note)
            self.run.notes.append(note)
        if self.rollout.time_factor != 1:
            self.run.notes.insert(
                0,
                "a demonstration: all durations of its steps and triggers are shorter by the factor"
                f" {self.rollout.time_factor:g} (rollout.time_factor)",
            )

    def _wait_for_next(self, percent: int, target: RunningTarget, watcher: StepWatcher) -> str:
        """Return why the next step may not begin; empty once it may."""
        if self.run.advances or target.kind == "embedded":
            print_line(f"GO for {percent} %")
            why = find_obstacle(watcher)
        else:
            why = CaptainWait(
                percent,
                watcher.folder / f"go-{percent}",
                self.rollout.wait_seconds,
                watcher,
                has_entered,
                print_line,
            ).wait()
        return why or wait_until_clear(watcher, self.rollout.wait_seconds)

    def _take_back(self, target: RunningTarget, watcher: StepWatcher) -> None:
        """Take the rollout back where a trigger fired between two steps."""
        if watcher.list_fired():
            what = abort_rollout(self.run, target)
            print_line(what)
            self.run_errors.append(what)

    def _conclude(self, exit_status: int) -> None:
        """Judge the whole and write it. pytest's own status says nothing: it ran no check."""
        del exit_status
        # Before anything is summed: both leave files in the run's folder.
        self._stack.close()
        self.target.stop()
        missing = self.parts.find_missing()
        self.run_errors += [*describe_missing_parts(missing), *self.holds, *self.target.holds]
        self.run_errors += [*self.provenance.find_changes(), *list_holds(self.steps)]
        run, due = self.run, self.rollout.steps
        results = join_results(run.plan, due, self.steps)
        decisions = add_target_facts(run, self.decisions, None, results)
        expected = bind_to_plan(build_inventory(run.suite_folders), run.plan)
        terms = build_terms(run, decisions.waivers, expected, results)
        summaries = tuple(step.summary for step in self.steps if step.summary is not None)
        subject, releases = build_subject(run), self.target.releases

        def judge() -> list[Verdict]:
            verdicts = judge_gates(
                run, results, decisions, subject, self.run_errors, releases, terms
            )
            return [replace(verdict, steps=summaries) for verdict in verdicts]

        self.verdicts = self.outputs.publish(judge, self.run_errors)
        artifacts.point_latest_to_worst(run, self.verdicts)
        artifacts.show_verdicts(run, self.verdicts, self.target.notes)

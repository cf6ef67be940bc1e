"""The gate of one step: its watcher, its beginning, and why its time proves nothing."""

from __future__ import annotations

import time

from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin.live_step import (
    RolloutCommandFailed,
    advance_to,
    count_needed,
    describe_proofs,
    read_step_end,
)
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.step_selection import find_step
from cutover_gates.plugin.step_sources import describe_unasked, open_counts
from cutover_gates.plugin.step_watcher import NotWatched, StepWatcher, ensure_watcher
from cutover_gates.targets.driver_factory import rollout_of, watch_of
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.step_lines import write_step

CLOCK_SECONDS = 0.5
"""The time waited and the time written down come from two clocks."""
SLACK_SECONDS = 120.0
"""Seconds that a step may be live beyond its time because a check is still under way."""


class StepGate:
    """The step that a run judges, in the controller. It does nothing at any other gate."""

    def __init__(self, run: PytestRun) -> None:
        self._run = run
        self.percent = find_step(run.plan, run.gates)
        self.step: RolloutStep | None = None
        self._watcher: StepWatcher | None = None

    def begin(self, target: RunningTarget) -> None:
        """Have the step watched, begin it where the call says so, and write down that it is live.

        Raises `TargetDidNotStart`, so that the gate ends at once in NO-GO.
        """
        if self.percent is None:
            return
        run = self._run
        folder, _ = watch_of(run.settings, target)
        try:
            self._watcher = ensure_watcher(run.settings, target.release, folder, run.first_folder)
            if self._watcher.process is not None:
                print_line(f"no watcher was running: one watches this step ({folder})")
            steps = run.settings.chosen_target.rollout.steps
            until = [percent for percent in steps if percent <= self.percent]
            rollout = rollout_of(run.settings, target)
            told = describe_proofs(run, target, until)[-1:]
            for sentence in [*told, *describe_unasked(rollout, self.percent)]:
                print_line(sentence)
            open_counts(run, target).save_beginning(run.first_folder)
            needed = count_needed(run, target, self.percent)
            advance_to(run, target, self.percent)
            self.step = RolloutStep(self.percent, time.time())
            write_step(folder, run.settings.target, target.release, self.step, needed)
        except (NotWatched, RolloutCommandFailed, OSError) as error:
            raise TargetDidNotStart(
                f"the step of {self.percent} % did not begin: {error}"
            ) from None
        rollout = run.settings.chosen_target.rollout
        seconds = rollout.dwell_seconds.of_step(self.percent)
        print_line(
            f"{self.percent} % is live: it is judged after {seconds:g} s, or with too few answers"
            f" after {rollout.longest_seconds:g} s at the latest"
        )

    def list_holds(self) -> list[str]:
        """Return why the time of the step proves nothing, whatever the checks say."""
        if self.percent is None or self.step is None:
            return []
        ended, rollout = read_step_end(self._run), self._run.settings.chosen_target.rollout
        if ended is None:
            return [
                f"the step of {self.percent} % was not watched to its end: no check of the step"
                " was asked. Run the whole gate"
            ]
        lived, due = ended.step.lived_seconds(0), rollout.dwell_seconds.of_step(self.percent)
        holds = []
        if (ended.step.percent, ended.step.begins) != (self.percent, self.step.begins):
            holds.append("the step that was judged is not the one that this gate began")
        if lived < due - CLOCK_SECONDS or ended.why:
            holds.append(
                f"the step of {self.percent} % was live for {lived:.0f} s, and {due:g} s are due:"
                f" {ended.why or 'its clock was changed'}"
            )
        if lived > rollout.longest_seconds + SLACK_SECONDS:
            holds.append(
                f"the step of {self.percent} % was live for {lived:.0f} s, longer than"
                f" rollout.longest_seconds ({rollout.longest_seconds:g} s)"
            )
        return holds

    def close(self) -> None:
        """End the watcher where this gate started it."""
        if self._watcher is not None:
            self._watcher.stop()

"""A step while it is live: how it begins, how long its checks wait, and how it is taken back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from cutover_gates.config.settings import Settings
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin.dwell_clock import DwellClock, StepEnd
from cutover_gates.plugin.progress import ProgressPrinter
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.step_watcher import StepWatcher
from cutover_gates.targets.driver_factory import rollout_of, watch_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.files import compute_once
from cutover_gates.util.lease import is_lease_over
from cutover_gates.util.shipped_files import shipped_root
from cutover_gates.util.subprocesses import ChildTimeout, run_child
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.step_lines import write_step

STEP_KEY = "rollout-step"
"""The name of the file with how the step ended, in the run's folder: it is evidence, too."""
CHECKS_LOCK = "step-checks.lock"
"""The file that each process of the gate holds while it runs checks that do not wait."""
SETTLE_SECONDS = 3.0
"""The watcher counts a probe a second after its end, and each evaluation looks back."""


def end_step_once(run: PytestRun, percent: int) -> StepEnd | None:
    """Wait for the end of the step, mark it, and return it: the first process that asks does.

    None where no step has begun: why is a fault of the run already.
    """

    def end() -> dict[str, Any]:
        assert run.running_target is not None
        folder, _ = watch_of(run.settings, run.running_target)
        steps = read_record(folder, run.running_target.release).steps
        # Looked for by the first process alone: for the next one it has ended already.
        step = find_live_step(steps, percent)
        return {} if step is None else _end(run, folder, steps, step)

    return _read_end(compute_once(run.first_folder, STEP_KEY, end))


def _end(
    run: PytestRun, folder: Path, steps: Sequence[RolloutStep], step: RolloutStep
) -> dict[str, Any]:
    """Wait for the end of the step, write it into the record, and return it."""
    # here, because it loads numpy and scipy (0.5 s), which the checks of a step need anyhow
    from cutover_gates.plugin.captain_wait import has_pending
    from cutover_gates.plugin.step_evidence import make_look

    target = run.running_target
    assert target is not None
    rollout = run.settings.chosen_target.rollout
    seconds, look = rollout.dwell_seconds.of_step(step.percent), make_look(run, steps)
    clock = DwellClock(step, seconds, StepWatcher(folder), ProgressPrinter(None))
    clock.longest, clock.find_missing = rollout.longest_seconds, look
    clock.is_pending = partial(has_pending, folder)
    clock.is_held = lambda: not is_lease_over(run.first_folder / CHECKS_LOCK)
    ended = clock.wait()
    if StepWatcher(folder).list_fired():
        ended = replace(ended, why=f"{ended.why}; {abort_rollout(run, target)}")
    write_step(folder, run.settings.target, target.release, ended.step)
    time.sleep(SETTLE_SECONDS)
    plain = {"step": ended.step.to_plain(), "why": ended.why, "missing": ended.missing}
    return {**plain, "dwell_seconds": seconds}


def find_live_step(steps: Sequence[RolloutStep], percent: int) -> RolloutStep | None:
    """Return the newest step of this share that has not ended; None where there is none."""
    own = [one for one in steps if one.percent == percent]
    return own[-1] if own and own[-1].ends is None else None


def read_step_end(run: PytestRun) -> StepEnd | None:
    """Return how the step of this run ended; None where it has not."""
    path = run.first_folder / f"{STEP_KEY}.json"
    if not path.is_file():
        return None

    def refuse() -> dict[str, Any]:
        raise AssertionError("the file is there")

    return _read_end(compute_once(run.first_folder, STEP_KEY, refuse))


def _read_end(plain: dict[str, Any]) -> StepEnd | None:
    if not plain:
        return None
    step = RolloutStep.from_plain(plain["step"])
    return StepEnd(step, str(plain["why"]), str(plain["missing"]))


ADVANCE, ABORT = "advance", "abort"
"""The keys of the commands."""
SHOWN_CHARACTERS = 300


class RolloutCommandFailed(Exception):
    """A declared command did not do what it is for; the message is one sentence."""


def advance_to(run: PytestRun, target: RunningTarget, percent: int) -> None:
    """Give the new release its share, where the call says so. Raises `RolloutCommandFailed`.

    The embedded hospital is its own captain: nobody else could begin its steps.
    """
    if run.advances or target.kind == "embedded":
        words = rollout_of(run.settings, target).advance
        _run(ADVANCE, [word.format(percent=percent) for word in words], run, target)


def abort_rollout(run: PytestRun, target: RunningTarget) -> str:
    """Give all traffic back where the call says so, and return what was done as a clause."""
    if not (run.aborts or target.kind == "embedded"):
        return "nothing was taken back, because the call does not say --abort-on-trigger"
    try:
        _run(ABORT, rollout_of(run.settings, target).abort, run, target)
    except RolloutCommandFailed as error:
        return f"the rollout was NOT taken back: {error}"
    return "the rollout was taken back by rollout.abort"


def command_folder(settings: Settings, target: RunningTarget) -> Path:
    """Return the folder in which a declared command is run: that of the settings."""
    return shipped_root() if target.kind == "embedded" else settings.resolve_path(Path())


def _run(key: str, words: Sequence[str], run: PytestRun, target: RunningTarget) -> None:
    if not words:
        raise RolloutCommandFailed(
            f"rollout.{key} is not declared in [targets.{target.name}.rollout]: declare it, or call"
            " without the option"
        )
    seconds = rollout_of(run.settings, target).command_seconds
    try:
        child = run_child(words, seconds, cwd=command_folder(run.settings, target))
    except (ChildTimeout, OSError) as error:
        raise RolloutCommandFailed(f"rollout.{key}: {error}") from None
    if child.status != 0:
        said = (child.complaint or child.output.strip())[-SHOWN_CHARACTERS:]
        raise RolloutCommandFailed(
            f"rollout.{key} ended with status {child.status}: {said or 'it printed nothing'}"
        )


def describe_proofs(run: PytestRun, target: RunningTarget, percents: Sequence[int]) -> list[str]:
    """Return what each step can prove of the new release at the rate of the watcher's probes."""
    folder, _ = watch_of(run.settings, target)
    heads = read_record(folder, target.release).heads
    if not heads:
        return []
    # here, because it loads numpy and scipy, which no other gate needs before its checks
    from cutover_gates.core.rollout.step_proof import StepProof

    rate = sum(1 / interval for interval in heads[-1]["intervals"].values())
    rollout, before, told = rollout_of(run.settings, target), 0, list[str]()
    dwell = run.settings.chosen_target.rollout.dwell_seconds
    for percent in percents:
        limit, seconds = rollout.proof.error_percents.share_of_step(percent), dwell.of_step(percent)
        further = min(rollout.proof.extra_probes, rollout.proof.extra_rate * seconds)
        further *= 1 if rollout.pin_header else percent / 100
        proof = StepProof(percent, seconds, round(rate, 1), limit, before, int(further))
        told.append(proof.describe())
        before = proof.answers
    return told


def count_needed(run: PytestRun, target: RunningTarget, percent: int) -> int:
    """Return how many answers of the new release, none of them bad, prove the limit of the step."""
    # here, because it loads numpy and scipy, which no other gate needs before its checks
    from cutover_gates.core.rollout.step_proof import make_limit

    limits = rollout_of(run.settings, target).proof.error_percents
    return make_limit(limits.share_of_step(percent)).count_clean_requests()

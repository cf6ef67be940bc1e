"""Steps of a rollout with few answers, and the probes that fill them up.

The step is written into the record as its gate does. Probes that ask for the new release by a header
get it from the wire, whatever the share of the others is.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from cutover_gates.config.loader import load_settings
from cutover_gates.config.settings import Settings
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.core.rollout.step_proof import make_limit
from cutover_gates.plugin.dwell_clock import DwellClock, StepEnd
from cutover_gates.plugin.step_evidence import make_look
from cutover_gates.plugin.step_watcher import StepWatcher
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.assessments import RolloutAssessments
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.rollout_reader import RolloutScope, read_rollout
from cutover_gates.watch.step_lines import write_step
from tests.calibration import scale_seconds
from tests.faults import proxy
from tests.faults.watch.two_releases import RELEASE_BEFORE, TriggerFault, TwoReleases, refuse
from tests.watched_hospital import RELEASE, TARGET, WatchedHospital

FEW_FAIL = "test_the_new_release_fails_few_requests"
SHARE = "test_the_new_release_answered_its_share"
FIELD = "X-Release-Wanted"
FAILED = "500 Internal Server Error"
LIMIT = 6.0
"""Percent of failures that the step allows: 61 answers prove it."""


class PinnableReleases(TwoReleases):
    """A way on which a request that asks for the new release by the header gets it."""

    knows_pin: ClassVar[bool] = True

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        """Pass on a request to the release that it asks for, else to one by chance."""
        if not (self.knows_pin and is_pinned(request)):
            await super().hand_on(caller, request)
            return
        answer = await caller.forward(request)
        if type(self).harms:
            answer = await self.change(request, answer, is_new=True)
        await caller.give(self.name_release(answer, RELEASE))


def is_pinned(request: proxy.Request) -> bool:
    """Return whether a request asks for the new release."""
    return f"{FIELD}: {RELEASE}".lower().encode() in request.head.lower()


class _PinUnknown(PinnableReleases):
    knows_pin = False


class _PinnedFails(PinnableReleases):
    async def change(self, request: proxy.Request, answer: bytes, *, is_new: bool) -> bytes:
        """Fail each request that is pinned."""
        del is_new
        return refuse(FAILED) if is_pinned(request) else answer


class _OthersFail(PinnableReleases):
    async def change(self, request: proxy.Request, answer: bytes, *, is_new: bool) -> bytes:
        """Fail each other request of the new release."""
        return refuse(FAILED) if is_new and not is_pinned(request) else answer


class StepFault(TriggerFault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `dwell` and `longest` are seconds of the step, `extra` is the rate of the further probes.
    """

    gate = "phase2-10"
    item = "canary-deployment"
    check = FEW_FAIL
    baseline = None
    releases: ClassVar[type[TwoReleases]] = PinnableReleases
    share: ClassVar[float] = 0.1
    percent: ClassVar[int] = 10
    # A busy machine is late, and that is no failure of the release here.
    paths: ClassVar[str] = "longest_gap_seconds = 3\npaths.search = 0.2\npaths.read = 0.1"
    dwell: ClassVar[float] = 8.0
    longest: ClassVar[float] = 9.0
    extra: ClassVar[float] = 15.0

    def tables(self, hospital: WatchedHospital) -> str:
        """Return the settings of the rollout."""
        del hospital
        return (
            f'[targets.{TARGET}.rollout]\npin_header = "{FIELD}: {{release}}"\n'
            f"[targets.{TARGET}.rollout.proof]\nextra_rate = {self.extra}\nsettle_seconds = 1\n"
            f"share_tolerance = 1\n"
            f"[targets.{TARGET}.rollout.proof.error_percents]\ncanary = {LIMIT}\n"
        )

    def ask(self, hospital: WatchedHospital) -> Mapping[str, Any]:
        """Watch a step with this fault in it, and return the questions to the step."""
        self.releases.share, self.releases.harms = 0.0, False
        self.write_settings(hospital, time.time(), self.paths)
        settings = load_settings(hospital.folder / "cutover.toml", hospital.folder, target=TARGET)
        with hospital.watch() as watcher:
            hospital.wait_for(lambda: StepWatcher(hospital.record_folder).runs, watcher)
            self.releases.share, self.releases.harms = self.share, True
            self.ended = self.live(hospital, settings)
            self.releases.harms = False
            time.sleep(2)
            watcher.send_signal(signal.SIGTERM)
            watcher.communicate(timeout=scale_seconds(30))
        record = read_record(hospital.record_folder, RELEASE)
        scope = RolloutScope(RELEASE, RELEASE_BEFORE, self.percent)
        proof = settings.chosen_target.rollout.proof
        return {"rollout": RolloutAssessments(read_rollout(record, record.steps, scope), proof)}

    def live(self, hospital: WatchedHospital, settings: Settings) -> StepEnd:
        """Begin the step, wait until it has been live, and write down how it ended."""
        step = RolloutStep(self.percent, time.time())
        needed = make_limit(LIMIT / 100).count_clean_requests()
        write_step(hospital.record_folder, TARGET, RELEASE, step, needed)
        clock = DwellClock(step, self.dwell, StepWatcher(hospital.record_folder), lambda _: None)
        clock.longest, clock.find_missing = self.longest, make_look(_make_run(settings), [step])
        ended = clock.wait()
        write_step(hospital.record_folder, TARGET, RELEASE, ended.step)
        return ended


def _make_run(settings: Settings) -> Any:
    target = RunningTarget(
        TARGET,
        "remote",
        settings.chosen_target.url or "",
        RELEASE,
        production=False,
        users={},
        previous_release=RELEASE_BEFORE,
    )
    return SimpleNamespace(running_target=target, settings=settings)


class OnlyPinnedProbesReachTheNewRelease(StepFault):
    """The canary gets no patient's request, and is advanced because the suite's own went well."""

    check = SHARE
    share = 0.0
    outcome = "not proven"
    breaks = (rules.TRAFFIC_ON_NEW,)
    shows = "0 answers of 2.0.0"


class TheBalancerDoesNotKnowThePin(StepFault):
    """What was said of the new release was answered by the old one."""

    releases = _PinUnknown
    share = 0.02
    outcome = "not proven"
    breaks = (rules.ERRORS_WITHIN_LIMIT,)
    shows = "rollout.pin_header does not pin"


class WhatIsPinnedFails(StepFault):
    """The new release fails where it is asked for by name: the wards that are to try it first."""

    releases = _PinnedFails
    breaks = (rules.ERRORS_WITHIN_LIMIT,)


class WhatIsNotPinnedFails(StepFault):
    """Everybody's requests fail on the new release, and the suite's own hide it by their number."""

    releases = _OthersFail
    share = 0.3
    breaks = (rules.ERRORS_WITHIN_LIMIT,)


class TheStepEndsWithTooFewAnswers(StepFault):
    """A canary of a quiet night: nobody can know what it does to the hundredth patient."""

    extra = 0.0
    share = 0.2
    paths = "longest_gap_seconds = 3\npaths.search = 1\npaths.read = 0.5"
    dwell = 4.0
    longest = 10.0
    outcome = "not proven"
    breaks = (rules.ERRORS_WITHIN_LIMIT,)
    shows = "without a failure it takes"

    def ask(self, hospital: WatchedHospital) -> Mapping[str, Any]:
        """Ask, after the step was prolonged for as long as it may be, and no longer."""
        asked = super().ask(hospital)
        lived = self.ended.step.lived_seconds(0)
        assert 0.94 * self.longest < lived < self.longest, f"it was live for {lived} s"
        assert "of 61 answers" in self.ended.missing, self.ended
        return asked

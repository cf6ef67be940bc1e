"""Holds the gates of a run to the release that answered, before the checks and after them."""

from __future__ import annotations

from dataclasses import dataclass, field

from cutover_gates.config.base import SettingsError
from cutover_gates.core.clock_slack import ClockReading
from cutover_gates.core.gates import ANSWERS, DEFAULT_ANSWERS, named_gates
from cutover_gates.core.release_answers import (
    DeclaredReleases,
    ReleaseAnswers,
    ReleaseRequirement,
    explain_hold,
    find_conflict,
    find_requirements,
)
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.plugin.release_survey import survey_release
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import load_unsupported_operations
from cutover_gates.targets.running_target import RunningTarget, previous_release_of

CHECK = "the release that answers"
"""The name under which an item that was asked of another release shows it."""


UNTOLD_FACTS = ("reported_release", "release")
"""Capabilities without which no release is told: the second is the operation that asks for it."""


@dataclass
class ReleaseJudgement:
    """What must answer at the gates of a run, and what answered so far.

    `clocks` are readings of the target's clock, from the latest survey.
    """

    run: PytestRun
    answers: list[ReleaseAnswers] = field(default_factory=list)
    clocks: tuple[ClockReading, ...] = ()

    def requirements(self, gate: str) -> tuple[ReleaseRequirement, ...]:
        """Return what must answer at a gate; nothing where it asks no application."""
        return find_requirements(self.run.plan, gate)

    @property
    def is_needed(self) -> bool:
        """True where any gate of the run asks a running application."""
        return any(self.requirements(gate) for gate in self.run.gates)

    def survey(self, target: RunningTarget, moment: str) -> list[str]:
        """Ask the target, and return why the answers are no proof, for any gate of the run."""
        if not self.is_needed:
            return []
        found = survey_release(self.run, target, moment)
        self.answers.append(found.answers)
        self.clocks = found.clocks
        return list(dict.fromkeys(hold for gate in self.run.gates for hold in self.holds(gate)))

    def holds(self, gate: str) -> list[str]:
        """Return why a gate cannot be GO, whatever is waived."""
        found = [hold for one in self.requirements(gate) for hold in self._explain(one)]
        return list(dict.fromkeys(found))

    def notes(self) -> list[str]:
        """Return what somebody should know of the answers, and is no hold."""
        plan, target = self.run.plan, self.run.running_target
        notes = [
            f"{gate}: the plan lets {plan.gate_answers[gate]!r} answer, by default {usual!r} does"
            for gate, usual in DEFAULT_ANSWERS.items()
            if gate in self._named_gates() and plan.gate_answers[gate] != usual
        ]
        notes += [
            f"the plan lets {one.answers!r} answer for {one.subject}: that release is asked, and"
            " not the one of the gate"
            for gate in self.run.gates
            for one in self.requirements(gate)
            if one.of_items and one.answers != "release"
        ]
        told = any(answers.counts for answers in self.answers)
        if told and target and declared_releases(self.run, target).untold_reason:
            notes.append(
                f"target {target.name!r} is declared to report no release, and reports one: remove"
                " the declaration, so that the release is proven"
            )
        return notes

    def untold_by(self, gate: str) -> str:
        """Return the declared fact without which a gate would not go without a release.

        It is empty where a release answered, or none is asked for.
        """
        target = self.run.running_target
        if target is None or not self.requirements(gate) or not self.answers:
            return ""
        if any(answers.counts for answers in self.answers):
            return ""
        absent = load_unsupported_operations(self.run.settings)
        return next((name for name in UNTOLD_FACTS if absent.get(name)), "")

    def _named_gates(self) -> frozenset[str]:
        return frozenset(name for gate in self.run.gates for name in named_gates(gate))

    def results(self, gate: str) -> list[CheckResult]:
        """Return a result that is not proven for items whose own release did not answer."""
        return [
            CheckResult(CHECK, frozenset(one.items), Outcome.NOT_PROVEN, self._explain(one)[0])
            for one in self.requirements(gate)
            if one.of_items and self._explain(one)
        ]

    def _explain(self, requirement: ReleaseRequirement) -> list[str]:
        if self.run.running_target is None:
            return []
        declared = declared_releases(self.run, self.run.running_target)
        holds = [explain_hold(requirement, declared, answers) for answers in self.answers]
        return [hold for hold in holds if hold]


def declared_releases(run: PytestRun, target: RunningTarget) -> DeclaredReleases:
    """Return the releases that the settings declare for the target."""
    absent = load_unsupported_operations(run.settings)
    untold = next((absent[name] for name in UNTOLD_FACTS if absent.get(name)), "")
    return DeclaredReleases(target.name, target.release, target.previous_release, untold)


def refuse_conflicts(run: PytestRun) -> None:
    """Raise `SettingsError` where a run's gates, releases or the cluster's settings contradict."""
    if conflict := find_conflict(run.plan, run.gates):
        raise SettingsError(conflict)
    if release := run.settings.release or run.settings.chosen_target.release:
        previous_release_of(run.settings, release)
    expected_pods(run)


def expected_pods(run: PytestRun) -> str:
    """Return what every pod must run: `release`, `previous` or `either`, as the gates say.

    `runs` of the cluster's settings may say it more narrowly. Raises `SettingsError` where it
    contradicts the gates.
    """
    declared = run.settings.chosen_target.infrastructure.cluster.runs
    asked = _answers_for_pods(run)
    if asked in (None, "either", declared) or declared is None:
        return declared or asked or "release"
    gates = " and ".join(run.gates)
    raise SettingsError(
        f"[targets.{run.settings.target}.infrastructure.cluster] runs is {declared!r}, and"
        f" {gates} asks for {asked!r}: remove runs, it follows the gate"
    )


def _answers_for_pods(run: PytestRun) -> str | None:
    """Return what may answer while the checks of the cluster are judged; None without them."""
    clusters = {item.id for item in run.plan.with_role("cluster")}
    found = {
        requirement.answers
        for gate in run.gates
        for requirement in find_requirements(run.plan, gate)
        if clusters & set(requirement.items)
    }
    # The narrowest: `refuse_conflicts` has refused gates that need both releases.
    return next((answers for answers in ANSWERS if answers in found), None)


def allowed_releases(run: PytestRun, target: RunningTarget) -> frozenset[str]:
    """Return every release that may answer at a gate of this run; without a gate the judged one."""
    declared = declared_releases(run, target)
    allowed = [
        declared.allowed_by(requirement.answers)
        for gate in run.gates
        for requirement in find_requirements(run.plan, gate)
    ]
    return frozenset().union(*allowed) if allowed else frozenset({target.release})

"""The questions of a gate to one step of a rollout. Each answers with an assessment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.rules import NOTHING_CHECKED
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.error_comparison import (
    compare_counted_errors,
    compare_errors,
)
from cutover_gates.probes.rollout.error_limits import check_error_limit
from cutover_gates.probes.rollout.latency_comparison import (
    compare_counted_latency,
    compare_latency,
)
from cutover_gates.probes.rollout.rollout_record import RolloutRecord
from cutover_gates.probes.rollout.told_share import check_reached_step, check_weights
from cutover_gates.probes.rollout.traffic_share import check_operations, check_share

StepCheck = Callable[[RolloutRecord, RolloutProof, AssessmentBuilder], None]


@dataclass(frozen=True)
class RolloutAssessments:
    """The questions. `record_assessment` leaves each answer in the evidence of the check."""

    record: RolloutRecord
    settings: RolloutProof
    record_assessment: Callable[[Assessment], None] = lambda _: None

    def assess_conduct(self) -> Assessment:
        """Return whether the step was watched, with two releases and one image of the new one."""
        return self._assess("the step of the rollout", _check_watch, _check_releases)

    def assess_share(self) -> Assessment:
        """Return whether the new release answered its share, on each path, all the time.

        The declared weights must be those of the step, too.
        """
        checks = (check_share, check_operations, check_weights, check_reached_step)
        return self._assess("share of the new release", *checks)

    def assess_errors(self) -> Assessment:
        """Return whether the new release fails no more often than the old one."""
        return self._assess("errors of both releases", compare_errors, _compare_counted_errors)

    def assess_latency(self) -> Assessment:
        """Return whether the new release answers no slower than the old one."""
        return self._assess(
            "response times of both releases", compare_latency, _compare_counted_latency
        )

    def assess_error_limit(self) -> Assessment:
        """Return whether the new release fails at most as often as the step allows."""
        return self._assess("errors of the new release", check_error_limit)

    def _assess(self, title: str, *checks: StepCheck) -> Assessment:
        builder = AssessmentBuilder()
        builder.figures["step"] = f"{self.record.step.percent} %"
        for check in checks:
            check(self.record, self.settings, builder)
        if not (builder.checked or builder.findings or builder.not_proven):
            builder.add_gap(NOTHING_CHECKED, title, "the record says nothing of the step")
        assessment = builder.build(title)
        self.record_assessment(assessment)
        return assessment


def _compare_counted_errors(
    record: RolloutRecord, _settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    compare_counted_errors(record, builder)


def _compare_counted_latency(
    record: RolloutRecord, _settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    compare_counted_latency(record, builder)


def _check_watch(record: RolloutRecord, settings: RolloutProof, builder: AssessmentBuilder) -> None:
    begins, ends = record.interval
    unwatched = sum(
        max(0.0, min(ends, gap_ends) - max(begins, gap_begins))
        for gap_begins, gap_ends in record.unwatched
    )
    watched = 1 - unwatched / (ends - begins)
    builder.figures["watched"] = f"{watched:.1%} of {ends - begins:,.0f} s"
    if watched < settings.watched_share:
        reason = f"a watcher ran for {watched:.1%} of it, {settings.watched_share:.0%} must be"
        builder.add_gap(rules.STEP_WATCHED, f"{record.step.percent} %", reason)
    else:
        builder.checked.append("the watch of the step")


def _check_releases(
    record: RolloutRecord, _settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    for release, count in sorted(record.strangers.items()):
        reason = f"it gave {count:,} answers, and is neither {record.new} nor the release before"
        builder.add_gap(rules.ONE_NEW_RELEASE, release, reason)
    begins, ends = record.interval
    for at, was, now in record.image_changes:
        if begins < at <= ends:
            reason = f"another image {at - begins:.0f} s after the beginning: {now}, before {was}"
            builder.add_gap(rules.ONE_NEW_RELEASE, record.new, reason)
    builder.figures["image"] = record.digests[-1][1] if record.digests else "not known"
    builder.figures["release before"] = record.old_release or "none answered"
    builder.checked.append("releases")

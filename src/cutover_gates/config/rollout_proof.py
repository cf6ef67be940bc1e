"""`[targets.NAME.rollout.proof]`: what each step of a rollout must prove of the new release."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cutover_gates.config.base import (
    LOOSER_ABOVE,
    LOOSER_BELOW,
    LOOSER_FEWER,
    Seconds,
    SettingsTable,
)

ClusterPart = Literal["events", "autoscalers", "quotas"]
Percent = Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)]


class ErrorPercents(SettingsTable):
    """The greatest percentage of failed answers of the new release; defaults are the plan's."""

    canary: Percent = Field(
        default=1, json_schema_extra=LOOSER_ABOVE, description="Percent at 10 %."
    )
    half: Percent = Field(
        default=0.5, json_schema_extra=LOOSER_ABOVE, description="Percent at 50 %."
    )
    full: Percent = Field(
        default=0.1, json_schema_extra=LOOSER_ABOVE, description="Percent at 100 %."
    )

    def share_of_step(self, percent: int) -> float:
        """Return the limit of the step with this percentage of the traffic, as a share."""
        return {10: self.canary, 50: self.half, 100: self.full}[percent] / 100


class RolloutProof(SettingsTable):
    """What each step must prove of the new release.

    The two releases are compared at the same time, and the new one's failures are held against a
    limit. A clean rollout is blamed with a probability of at most 0.25 %, all steps together.
    """

    error_percents: ErrorPercents = Field(
        default=ErrorPercents(),
        description=(
            "The greatest percentage of failed answers that each step allows. The answers of the"
            " steps before count, too, while the image is the same."
        ),
    )
    warm_up_seconds: float = Field(
        default=60,
        ge=0,
        le=600,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds after the first answer of a new instance that the comparison with the old"
            " release leaves out. The limits of errors and the triggers count them."
        ),
    )
    share_tolerance: float = Field(
        default=0.25,
        ge=0,
        le=1,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "How far the share of the new release may be from the weight, as a part of the smaller"
            " side: 0.25 allows 7.5 % to 12.5 % at 10 %, and no answer of the old one at 100 %."
        ),
    )
    operation_answers: int = Field(
        default=1,
        ge=1,
        le=10_000,
        json_schema_extra=LOOSER_BELOW,
        description=(
            "Answers of the new release that each critical path must have. At 10 % a path with"
            " fewer counts only where chance does not explain it."
        ),
    )
    extra_rate: float = Field(
        default=0,
        ge=0,
        le=20,
        examples=[5],
        description=(
            "Further probes a second of reading paths while a step is live and has fewer answers of"
            " the new release than its limit of errors needs. They go to the new release where"
            " `rollout.pin_header` is set; else the balancer deals them. 0: none."
        ),
    )
    extra_probes: int = Field(
        default=2000,
        ge=0,
        le=100_000,
        description="The most such probes that a watcher sends in one step.",
    )
    watched_share: float = Field(
        default=0.95,
        gt=0,
        le=1,
        json_schema_extra=LOOSER_BELOW,
        description="The share of each step in which a watcher must have run.",
    )
    settle_seconds: Seconds = Field(
        default=5,
        le=120,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds at the beginning of a step that its share leaves out: connections that are"
            " open go on to where they were."
        ),
    )
    cluster_reads: tuple[ClusterPart, ...] = Field(
        default=("events", "autoscalers", "quotas"),
        examples=[["events"]],
        json_schema_extra=LOOSER_FEWER,
        description=(
            "What the token of the cluster may list beside the pods: warnings among the events, and"
            " whether the autoscaler and the quotas are at their bounds."
        ),
    )

    def shorten(self, factor: float) -> RolloutProof:
        """Return it with durations that are shorter by a factor: for a demonstration."""
        return self.model_copy(
            update={
                "warm_up_seconds": self.warm_up_seconds / factor,
                "settle_seconds": max(1.0, self.settle_seconds / factor),
            }
        )

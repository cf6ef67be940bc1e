"""The automatic rollback triggers: `[targets.NAME.triggers]`.

The defaults are the letter of the plan. A looser value is shown with the verdict.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cutover_gates.config.base import (
    LOOSER_ABOVE,
    LOOSER_FEWER,
    LOOSER_OTHER,
    Seconds,
    SettingsTable,
)
from cutover_gates.config.watch import check_timed_paths
from cutover_gates.core.triggers.trigger_limits import TriggerLimits, share_of_percent

SourceName = Literal["probes", "prometheus"]
DatabaseSource = Literal["login", "logs"]
Statistic = Literal["p50", "p75", "p90", "p95", "p99"]
Percent = Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False)]


class TriggerSettings(SettingsTable):
    """When a rollback trigger fires; the defaults are the plan's letter."""

    evaluate_seconds: Seconds = Field(
        default=5,
        le=30,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds from one evaluation of the triggers to the next.",
    )
    health_seconds: Seconds = Field(
        default=5,
        le=60,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds from one health check of an instance to the next.",
    )
    health_failures: int = Field(
        default=3,
        ge=1,
        le=20,
        json_schema_extra=LOOSER_ABOVE,
        description="Failed health checks in a row that are still allowed.",
    )
    health_scope: Literal["instance", "service"] = Field(
        default="instance",
        json_schema_extra=LOOSER_OTHER,
        description=(
            "`instance`: each instance that fails orders a rollback, also while the balancer"
            " answers. `service`: only the balancer's health does; a failure of an instance is"
            " shown and orders nothing."
        ),
    )
    start_seconds: Seconds = Field(
        default=60,
        le=600,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds that a new instance may take until it answers its first health check.",
    )
    error_percent: Percent = Field(
        default=1.0,
        json_schema_extra=LOOSER_ABOVE,
        description="Percentage of failed requests; more than that fires.",
    )
    error_seconds: Seconds = Field(
        default=300,
        le=3600,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds for which it must be exceeded.",
    )
    rate_seconds: Seconds = Field(
        default=60,
        le=300,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds of the window over which the percentages are taken; the range of the alert"
            " rules should be the same."
        ),
    )
    error_requests: int = Field(
        default=100,
        ge=1,
        le=100_000,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Requests in a window below which a percentage decides nothing, unless so few prove"
            " that it is exceeded."
        ),
    )
    response_factor: float = Field(
        default=2.0,
        gt=1,
        le=100,
        json_schema_extra=LOOSER_ABOVE,
        description="Times the baseline above which a request is slow.",
    )
    response_seconds: Seconds = Field(
        default=600,
        le=3600,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds for which too many requests must be slow.",
    )
    response_statistic: Statistic = Field(
        default="p95",
        json_schema_extra=LOOSER_OTHER,
        description=(
            "The statistic of the baseline: with `p95`, more than 5 % of the requests must be slow."
        ),
    )
    response_source: SourceName = Field(
        default="probes",
        json_schema_extra=LOOSER_OTHER,
        description=(
            "Where response times come from: the watcher's `probes` or the target's histogram in"
            " `prometheus`. The baseline is of the same source."
        ),
    )
    response_operations: tuple[str, ...] = Field(
        default=("search",),
        min_length=1,
        json_schema_extra=LOOSER_FEWER,
        examples=[["search", "read"]],
        description=(
            "The operations whose response times are compared with their baselines; of `probes` the"
            " paths of the watcher."
        ),
    )
    response_requests: int = Field(
        default=60,
        ge=1,
        le=100_000,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Requests of an operation in a window that decide; with fewer, five minutes are taken"
            " together."
        ),
    )
    blind_seconds: Seconds = Field(
        default=120,
        le=600,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds without any sight after which a source is blind. Probes and telemetry both"
            " blind order a rollback, one of them holds."
        ),
    )
    pool_evaluations: int = Field(
        default=2,
        ge=1,
        le=20,
        json_schema_extra=LOOSER_ABOVE,
        description="Evaluations in a row with pool time-outs, or an empty pool, that fire.",
    )
    login_failures: int = Field(
        default=3,
        ge=1,
        le=20,
        json_schema_extra=LOOSER_ABOVE,
        description="Refused logins at the database in a row that fire.",
    )
    log_failures: int = Field(
        default=3,
        ge=1,
        le=100,
        json_schema_extra=LOOSER_ABOVE,
        description="Log lines of failed connections within a minute that fire.",
    )

    database_sources: tuple[DatabaseSource, ...] = Field(
        default=("login", "logs"),
        examples=[["login"]],
        json_schema_extra=LOOSER_FEWER,
        description=(
            "The watcher's own ways to see failed connections to the database, where they are"
            " declared: its `login` by `database.dsn`, and the `logs` of `monitoring.logs`. Leave"
            " out `logs` where the log is silent while all is well."
        ),
    )

    @model_validator(mode="after")
    def _check_consistency(self) -> TriggerSettings:
        if self.response_source == "probes":
            check_timed_paths(self.response_operations)
        if self.evaluate_seconds > self.rate_seconds:
            raise ValueError("evaluate_seconds must not be longer than rate_seconds")
        if self.rate_seconds > min(self.error_seconds, self.response_seconds):
            raise ValueError(
                "rate_seconds must not be longer than error_seconds and response_seconds"
            )
        return self

    @property
    def limits(self) -> TriggerLimits:
        """The limits of the state machine."""
        return TriggerLimits(
            evaluate_seconds=self.evaluate_seconds,
            rate_seconds=self.rate_seconds,
            pooled_seconds=5 * self.rate_seconds,
            error_share=share_of_percent(self.error_percent),
            error_seconds=self.error_seconds,
            error_requests=self.error_requests,
            slow_share=share_of_percent(100 - float(self.response_statistic[1:])),
            slow_seconds=self.response_seconds,
            slow_requests=self.response_requests,
            health_seconds=self.health_seconds,
            health_failures=self.health_failures,
            start_seconds=self.start_seconds,
            instances_fire=self.health_scope == "instance",
            blind_seconds=self.blind_seconds,
            pool_evaluations=self.pool_evaluations,
            login_failures=self.login_failures,
            log_failures=self.log_failures,
        )

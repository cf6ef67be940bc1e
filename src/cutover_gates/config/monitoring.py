"""The monitoring of a target, and the receivers of its messages.

The table is `[targets.NAME.monitoring]`, with `.metrics`, `.alerts`, `.logs`, `.dashboards` and
`.channels` in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, field_validator

from cutover_gates.config.base import (
    LEAVES_OUT,
    LOOSER_ABOVE,
    Seconds,
    SettingsTable,
    WrittenReason,
)
from cutover_gates.config.logs_and_dashboards import ChannelSettings, DashboardSettings, LogSettings
from cutover_gates.config.metric_settings import MetricSettings, TriggerSeries
from cutover_gates.config.recorded_series import RecordedSeries
from cutover_gates.config.review import ChannelArrivals, ReviewSettings
from cutover_gates.config.target_url import WebAddress

Trigger = Literal["health", "error-rate", "response-time", "database"]
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
"""The plan's triggers of a rollback: each needs an alert."""


class AlertSettings(SettingsTable):
    """The alerts of the rollback triggers, and the way of one alert from its rule to a receiver."""

    alertmanager: WebAddress | None = Field(
        default=None, description="The Alertmanager that gets Prometheus' alerts."
    )
    rules: dict[Trigger, str] = Field(
        default={},
        description=(
            "The alert that Prometheus raises for each rollback trigger of the plan: `health`, "
            "`error-rate`, `response-time`, `database`."
        ),
    )
    for_seconds: dict[Trigger, float] = Field(
        default={},
        description=(
            "Seconds that a trigger must last before its alert fires, as the plan has "
            "them: the rule's `for`."
        ),
    )
    thresholds: dict[Trigger, float] = Field(
        default={},
        description="The number that a trigger's expression must compare with, as the plan has it.",
    )
    series: RecordedSeries = Field(
        default=RecordedSeries(), description="The series on which the rules are tried."
    )
    untried: dict[Trigger, WrittenReason] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        examples=[{"database": "its alert is raised by the log store"}],
        description="Triggers whose rules cannot be tried on series, each with its reason.",
    )
    absent_when_healthy: dict[str, str] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        description=(
            "Selectors of the rules that find no series while all is well, as the rule "
            "writes them, each with its reason. Their metric and labels must be there all the same."
        ),
    )
    receiver: str | None = Field(
        default=None,
        description=(
            "The receiver, by its name in Alertmanager, to which the alerts of the triggers go."
        ),
    )
    canary: str | None = Field(
        default=None,
        description=(
            "An alert that fires always, or when the run sends its searches: it is followed from"
            " its rule to the run."
        ),
    )
    canary_receiver: str | None = Field(
        default=None, description="The receiver of the canary, where it is not `receiver`."
    )
    canary_labels: dict[str, str] = Field(
        default={}, description="Labels that the canary must still carry when it arrives."
    )
    receiver_listen: str | None = Field(
        default=None,
        description=(
            "Address and port at which the run listens while it waits for the canary, such as "
            "`0.0.0.0:9099`: a webhook of the canary's receiver sends there."
        ),
    )
    canary_seconds: Seconds = Field(
        default=45,
        le=3600,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds within which the canary must fire and arrive; fewer than "
            "`limits.check_seconds`."
        ),
    )

    @field_validator("absent_when_healthy")
    @classmethod
    def _require_reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for selector, reason in value.items():
            if not reason.strip():
                raise ValueError(f"{selector} needs a reason: an auditor will ask for it")
        return value

    @field_validator("receiver_listen")
    @classmethod
    def _check_host_and_port(cls, value: str | None) -> str | None:
        host, _, port = (value or "127.0.0.1:1").rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(
                "that is no place to listen: write an address of this machine and a port, such as"
                ' "0.0.0.0:9099"'
            )
        return value


class Monitoring(SettingsTable):
    """Metrics, logs, alerts, dashboards and channels."""

    prometheus: WebAddress | None = Field(
        default=None, description="A Prometheus that scrapes the target."
    )
    labels: str = Field(
        default="", description='Labels that single the target out in it, such as `job="hospital"`.'
    )
    targets: tuple[str, ...] = Field(
        default=(),
        description="Every instance that it must scrape, by its label `instance`: `10.0.0.7:8000`.",
    )
    scrape_seconds: Seconds = Field(
        default=30,
        le=600,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds that the newest sample of anything may be old.",
    )
    token_file: Path | None = Field(
        default=None, description="A file with the bearer token for Prometheus and Alertmanager."
    )
    ca_file: Path | None = Field(
        default=None,
        description="The authority of their certificates, where it is not a well-known one.",
    )
    metrics: MetricSettings = Field(
        default=MetricSettings(), description="What must be known of the target, and move."
    )
    triggers: TriggerSeries = Field(
        default=TriggerSeries(),
        description="The series from which the watcher feeds the rollback triggers.",
    )
    alerts: AlertSettings = Field(
        default=AlertSettings(), description="The alerts, and where they go."
    )
    logs: LogSettings = Field(default=LogSettings(), description="Where its log is found.")
    dashboards: DashboardSettings = Field(
        default=DashboardSettings(), description="The dashboards that the team watches."
    )
    channels: dict[str, ChannelSettings] = Field(
        default={},
        description="Where the team is told, by name; `--send-test-messages` sends there.",
    )
    channel_arrivals: ChannelArrivals = Field(
        default=ChannelArrivals(), description="Where a test message is found that arrived."
    )
    review: ReviewSettings = Field(
        default=ReviewSettings(), description="The hour and the day after the cutover."
    )

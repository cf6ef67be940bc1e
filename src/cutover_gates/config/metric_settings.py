"""Metrics of a target in Prometheus: what must be known and move, and what feeds the triggers.

The tables are `[targets.NAME.monitoring.metrics]` and `[targets.NAME.monitoring.triggers]`.
"""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from cutover_gates.config.base import LOOSER_OTHER, Seconds, SettingsTable


class MetricSettings(SettingsTable):
    """What Prometheus must know of the target, and what must move when somebody works with it."""

    requests: str | None = Field(
        default=None,
        description=(
            "The counter of answered requests, as a selector: it must grow by what the run sends."
            " Leave out by labels what health checks and scrapes count:"
            ' `http_requests_total{route!="/metrics"}`.'
        ),
    )
    quiet: bool = Field(
        default=False,
        description=(
            "True where nobody else asks the target: then `requests` grows by exactly what was"
            " sent."
        ),
    )
    traffic: int = Field(
        default=10, ge=1, le=200, description="Searches that are sent to move the metrics."
    )
    moving: tuple[str, ...] = Field(
        default=(),
        description=(
            "Selectors of what must also grow with those searches, by whatever amount: seconds of "
            "answers, CPU."
        ),
    )
    present: tuple[str, ...] = Field(
        default=(),
        description=(
            "Selectors of what must be there and fresh, of each instance; it need not move."
        ),
    )


class TriggerSeries(SettingsTable):
    """Which series of Prometheus the watcher feeds the rollback triggers with.

    They are read as raw samples of `monitoring.prometheus`, with `monitoring.labels`. What is set
    to an empty text is not there, and is not read.
    """

    requests: str = Field(
        default="http_requests_total",
        json_schema_extra=LOOSER_OTHER,
        description="The counter of answered requests.",
    )
    left_out: str = Field(
        default='route!~"/health.*|/metrics"',
        json_schema_extra=LOOSER_OTHER,
        description=(
            "Labels that leave out what is no request of a user: health checks and scrapes would"
            " hide errors. Empty: `requests` counts none of them."
        ),
    )
    failed_label: str = Field(
        default="status",
        json_schema_extra=LOOSER_OTHER,
        description="The label of `requests` that tells how a request ended.",
    )
    failed_values: str = Field(
        default="5..",
        json_schema_extra=LOOSER_OTHER,
        description="A regular expression: the values of `failed_label` that are failures.",
    )
    release_label: str = Field(
        default="release",
        min_length=1,
        json_schema_extra=LOOSER_OTHER,
        description=(
            "The label that carries the release, as the target's `release` is written. It stands on"
            " the series (by the application or the scrape configuration) or on `release_info`."
        ),
    )
    release_info: str = Field(
        default="",
        examples=["build_info"],
        description=(
            "A metric of each instance that carries `release_label`, such as `build_info`. It is"
            " joined by `instance`. Empty: the label stands on every series."
        ),
    )
    durations: str = Field(
        default="http_request_duration_seconds",
        json_schema_extra=LOOSER_OTHER,
        description="The histogram of response times in seconds, without `_bucket`.",
    )
    operations: dict[str, str] = Field(
        default={},
        json_schema_extra=LOOSER_OTHER,
        examples=[{"search": 'method="GET",route="/api/v1/patients"'}],
        description=(
            "The labels of each operation of `triggers.response_operations` in `durations`, where"
            " `triggers.response_source` is `prometheus`. Leave out failed requests, where a label"
            " tells them: errors are no response times."
        ),
    )
    baseline_seconds: Seconds = Field(
        default=600,
        le=3600,
        description=(
            "Seconds before the end of gate `t1` over which the baseline of response times is"
            " taken."
        ),
    )
    started: str = Field(
        default="process_start_time_seconds",
        description=(
            "The gauge of the moment at which a process started: it tells a restart, and what a new"
            " process counted before its first scrape."
        ),
    )
    heartbeat: str = Field(
        default="process_cpu_seconds_total",
        description=(
            "A counter that moves as long as a process runs. Where it stands still, the page is a"
            " stored one, and says nothing."
        ),
    )
    pool_timeouts: str = Field(
        default="db_pool_timeouts_total",
        json_schema_extra=LOOSER_OTHER,
        description="The counter of requests that got no database connection in time.",
    )
    pool_size: str = Field(
        default="db_pool_size",
        json_schema_extra=LOOSER_OTHER,
        description="The number of connections in the pool of an instance.",
    )
    pool_waiting: str = Field(
        default="db_pool_waiting",
        json_schema_extra=LOOSER_OTHER,
        description="The number of requests that wait for a connection.",
    )

    @field_validator("failed_values")
    @classmethod
    def _check_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"that is no regular expression: {error}") from None
        return value

    @property
    def leaving_labels(self) -> frozenset[str]:
        """The names of the labels in `left_out`."""
        return frozenset(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", self.left_out))

    @property
    def pool(self) -> tuple[str, ...]:
        """The metrics of the connection pool that are there."""
        return tuple(filter(None, (self.pool_timeouts, self.pool_size, self.pool_waiting)))

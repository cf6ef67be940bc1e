"""The series on which the alert rules are tried: `[targets.NAME.monitoring.alerts.series]`."""

from __future__ import annotations

from pydantic import Field

from cutover_gates.config.base import Seconds, SettingsTable

DEFAULT_EDGES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


class RecordedSeries(SettingsTable):
    """Which series of Prometheus stand for what, so that the rules are tried on recorded ones.

    Each is one series with all labels that the rules select or group by, as promtool writes it.
    """

    answered: str | None = Field(
        default=None,
        examples=['http_requests_total{job="hospital",instance="10.0.0.7:8000",status="200"}'],
        description="The counter of requests that were answered well.",
    )
    failed: str | None = Field(
        default=None,
        examples=['http_requests_total{job="hospital",instance="10.0.0.7:8000",status="500"}'],
        description="The counter of requests that failed.",
    )
    durations: str | None = Field(
        default=None,
        examples=['http_request_duration_seconds{job="hospital",instance="10.0.0.7:8000"}'],
        description=(
            "The histogram of response times, without `_bucket` and `le`; its `_bucket`, `_count`"
            " and `_sum` are made."
        ),
    )
    duration_edges: tuple[Seconds, ...] = Field(
        default=DEFAULT_EDGES,
        min_length=1,
        examples=[[0.05, 0.1, 0.2, 0.5, 1.0, 5.0]],
        description="The edges of its buckets in seconds, without +Inf.",
    )
    baseline_seconds: Seconds | None = Field(
        default=None,
        examples=[0.1],
        description="The baseline that the rule of response times compares with, in seconds.",
    )
    up: str | None = Field(
        default=None,
        examples=['up{job="hospital",instance="10.0.0.7:8000"}'],
        description="The series that is 1 while an instance is healthy, and else 0.",
    )
    pool_timeouts: str | None = Field(
        default=None,
        examples=['db_pool_timeouts_total{job="hospital",instance="10.0.0.7:8000"}'],
        description="The counter of requests that got no database connection in time.",
    )
    pool_size: str | None = Field(
        default=None,
        examples=['db_pool_size{job="hospital",instance="10.0.0.7:8000"}'],
        description="The number of connections in the pool.",
    )
    pool_waiting: str | None = Field(
        default=None,
        examples=['db_pool_waiting{job="hospital",instance="10.0.0.7:8000"}'],
        description="The number of requests that wait for a connection.",
    )
    constant: dict[str, float] = Field(
        default={},
        examples=[{'response_baseline_seconds{job="hospital"}': 0.1}],
        description="Further series that the rules read, each with the value that it keeps.",
    )

"""The settings of what a target uses under load: its pool, memory and CPU."""

from __future__ import annotations

from pydantic import Field

from cutover_gates.config.base import LOOSER_ABOVE, SIZE_ABOVE, Seconds, SettingsTable
from cutover_gates.config.load_objectives import Rate


class PoolMetricNames(SettingsTable):
    """Names of the metrics that show a target's connection pool.

    Labels may be given: `pool_active{pool="main"}`.
    """

    in_use: str = Field(default="db_pool_in_use", description="Connections in use.")
    maximum: str = Field(default="db_pool_max", description="Connections that there may be.")
    waiting: str = Field(default="db_pool_waiting", description="Requests that wait for one.")
    timeouts: str = Field(
        default="db_pool_timeouts_total",
        description="Requests that waited in vain, counted since the start.",
    )


class PodMetricsSettings(SettingsTable):
    """The pods whose CPU and memory count.

    The figures come from the cluster's metrics API (metrics.k8s.io).
    """

    api: str = Field(description="The API server, such as `https://kubernetes.default.svc`.")
    namespace: str = Field(description="The pods' namespace.")
    selector: str = Field(
        description="A label selector that finds the pods, such as `app=hospital-backend`."
    )
    token_file: str = Field(
        default="/var/run/secrets/kubernetes.io/serviceaccount/token",
        description="A file that holds the token.",
    )
    ca_file: str | None = Field(
        default=None,
        description="A file with the authority that signed the API server's certificate.",
    )


class ResourceSettings(SettingsTable):
    """Where the target tells what it uses during the run, and how much of it is normal."""

    metrics_path: str | None = Field(
        default="/metrics",
        description=(
            "The target's own page in Prometheus' text format, seen from its url, or a "
            "whole address."
        ),
    )
    prometheus: str | None = Field(
        default=None,
        description=(
            "The address of a Prometheus that scrapes the target; it is then asked instead "
            "of the page."
        ),
    )
    labels: str = Field(
        default="",
        description='For Prometheus: labels that single the target out, such as `job="hospital"`.',
    )
    kubernetes: PodMetricsSettings | None = Field(
        default=None, description="A cluster that is asked for CPU and memory instead."
    )
    cpu: str = Field(
        default="process_cpu_seconds_total",
        description="The metric of the CPU seconds that were used; several series are added up.",
    )
    memory: str = Field(
        default="process_resident_memory_bytes",
        description="The metric of the memory in use, in bytes.",
    )
    pool: PoolMetricNames = Field(
        default=PoolMetricNames(), description="The metrics of the connection pool."
    )
    cpu_cores: Rate = Field(
        default=1.0,
        le=4096,
        json_schema_extra=SIZE_ABOVE,
        description="Processors that the target may use on the average.",
    )
    memory_bytes: Rate = Field(
        default=2 * 1024**3,
        le=16 * 1024**4,
        json_schema_extra=SIZE_ABOVE,
        description="Bytes of memory that the target may use.",
    )
    growth_bytes_per_minute: Rate = Field(
        default=32 * 1024**2,
        le=1024**3,
        json_schema_extra=LOOSER_ABOVE,
        description="Bytes a minute by which its memory may grow under steady load.",
    )
    pool_share: float = Field(
        default=0.9,
        lt=1,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Share of the pool, and of the server's connections, that may be in use.",
    )
    pool_waiting_share: float = Field(
        default=0.05,
        le=0.5,
        ge=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Share of the looks in which somebody may wait for a connection.",
    )
    lock_wait_seconds: Seconds = Field(
        default=1.0,
        le=60,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds that a session of the target may wait for a lock in the database.",
    )

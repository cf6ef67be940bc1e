"""The settings of what a target uses under load: its pool, memory and CPU."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cutover_gates.config.base import LOOSER_ABOVE, SIZE_ABOVE, Seconds, SettingsTable
from cutover_gates.config.load_objectives import Rate

ORIGIN = "{origin}"
"""At the beginning of `metrics_path`: scheme, host and port of the target's url."""
TimeUnit = Literal["seconds", "milliseconds", "microseconds", "nanoseconds"]
UNIT_SECONDS: dict[TimeUnit, float] = {
    "seconds": 1.0,
    "milliseconds": 1e-3,
    "microseconds": 1e-6,
    "nanoseconds": 1e-9,
}
UNIT_NAMES: dict[str, TimeUnit] = {
    "ns": "nanoseconds",
    "nanos": "nanoseconds",
    "nanoseconds": "nanoseconds",
    "us": "microseconds",
    "microseconds": "microseconds",
    "ms": "milliseconds",
    "millis": "milliseconds",
    "milliseconds": "milliseconds",
    "seconds": "seconds",
}
"""Words in the name of a metric that tell its unit."""


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
            "The target's own page in Prometheus' text format: a path below its url, a path from"
            " the root of its host (`{origin}/actuator/prometheus`), or a whole address."
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
        description="The metric of the CPU time that was used; several series are added up.",
    )
    cpu_unit: TimeUnit = Field(
        default="seconds",
        description=(
            "The unit of that metric. Micrometer's `process_cpu_time_ns_total` counts nanoseconds."
        ),
    )
    memory: str = Field(
        default="process_resident_memory_bytes",
        description="The metric of the memory in use, in bytes.",
    )
    garbage_collected: bool = Field(
        default=False,
        description=(
            "True where `memory` is a heap that a collector empties now and then, such as"
            ' `jvm_memory_used_bytes{area="heap"}`: its level after each collection is then judged,'
            " and not what rises in between."
        ),
    )
    failed_share: float = Field(
        default=0.1,
        ge=0,
        le=0.2,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Share of the samples of a run (one each second) that may fail, each figure by itself;"
            " two always may. With more of them nothing is proven of it: what cannot be read may be"
            " the worst moment."
        ),
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

    @field_validator("metrics_path")
    @classmethod
    def _check_metrics_path(cls, value: str | None) -> str | None:
        if value is None:
            return None
        path = value.removeprefix(ORIGIN)
        if path != value and not path.startswith("/"):
            raise ValueError(f'write a path after {ORIGIN}, such as "{ORIGIN}/actuator/prometheus"')
        if "{" in path or "}" in path:
            raise ValueError(
                f"{value!r} has a brace: only {ORIGIN} at the beginning is known, such as in"
                f' "{ORIGIN}/actuator/prometheus"'
            )
        if urlsplit(path).username is not None:
            raise ValueError("an address with a user or password would show in findings")
        return value

    @model_validator(mode="after")
    def _check_cpu_unit(self) -> ResourceSettings:
        told = _unit_of_name(self.cpu)
        if told and told != self.cpu_unit:
            raise ValueError(
                f"cpu = {self.cpu!r} counts {told} by its name, and cpu_unit is"
                f' {self.cpu_unit!r}: set cpu_unit = "{told}"'
            )
        return self


def _unit_of_name(metric: str) -> TimeUnit | None:
    """Return the unit that the name of a metric tells, as its last word but `total`."""
    name = metric.partition("{")[0].strip().removesuffix("_total")
    return UNIT_NAMES.get(name.rpartition("_")[2])

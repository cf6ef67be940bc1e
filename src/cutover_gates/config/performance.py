"""What load is put on a target, and what it must bear: `[targets.NAME.performance]`."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from cutover_gates.config.base import Seconds, SettingsTable

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
DEFAULT_JOURNEYS = ("registrar", "clinician", "clerk")


class JourneySettings(SettingsTable):
    """How often one kind of work is begun, and how long people think between its steps."""

    weight: float = Field(
        default=1, ge=0, description="How often it is begun, against the other journeys."
    )
    think_seconds: float = Field(
        default=0.5,
        ge=0,
        le=60,
        description="Seconds between two of its steps, on the average (exponential).",
    )


class LatencyLimits(SettingsTable):
    """Response times that must be held, in seconds from the moment at which the request was due.

    What is not given is not asked.
    """

    p50: Seconds | None = Field(
        default=None, description="Half of the requests are answered within so many seconds."
    )
    p95: Seconds | None = Field(default=None, description="95 % of the requests are.")
    p99: Seconds | None = Field(default=None, description="99 % of the requests are.")


class LatencyObjectives(LatencyLimits):
    """Response times for every operation, and others for single ones."""

    p95: Seconds | None = Field(default=0.5, description="95 % of the requests are.")
    p99: Seconds | None = Field(default=1.0, description="99 % of the requests are.")
    operations: dict[str, LatencyLimits] = Field(
        default={},
        description="Objectives of single operations (`upload`, `search`, …), over those for all.",
    )

    def limits_for(self, operation: str) -> LatencyLimits:
        """What holds for one operation: its own figures, and where it has none those for all."""
        own = self.operations.get(operation, LatencyLimits())
        return LatencyLimits(
            p50=own.p50 or self.p50, p95=own.p95 or self.p95, p99=own.p99 or self.p99
        )


class BaselineSettings(SettingsTable):
    """The recorded run that this one is held against."""

    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description=(
            "The baseline's name. `pytest -m t1` records it; "
            "with a name every later run is compared. Default: none, and nothing is compared."
        ),
    )
    ratio: float = Field(
        default=2.0,
        gt=1,
        description=(
            "An operation's median response time may be at most so many times the baseline's."
        ),
    )
    max_age_hours: float = Field(
        default=72, gt=0, description="Hours after which a baseline is too old to compare with."
    )


class PoolMetricNames(SettingsTable):
    """Names of the metrics by which a target tells of its connection pool. Labels may be given: `pool_active{pool=\"main\"}`."""

    in_use: str = Field(default="db_pool_in_use", description="Connections in use.")
    maximum: str = Field(default="db_pool_max", description="Connections that there may be.")
    waiting: str = Field(default="db_pool_waiting", description="Requests that wait for one.")
    timeouts: str = Field(
        default="db_pool_timeouts_total",
        description="Requests that waited in vain, counted since the start.",
    )


class PodMetricsSettings(SettingsTable):
    """The pods whose CPU and memory count, as the cluster's metrics API (metrics.k8s.io) tells
    them.
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
        default=1.0, description="Processors that the target may use on the average."
    )
    memory_bytes: Rate = Field(
        default=2 * 1024**3, description="Bytes of memory that the target may use."
    )
    growth_bytes_per_minute: Rate = Field(
        default=32 * 1024**2,
        description="Bytes a minute by which its memory may grow under steady load.",
    )
    pool_share: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Share of the pool, and of the server's connections, that may be in use.",
    )
    pool_waiting_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of the looks in which somebody may wait for a connection.",
    )
    lock_wait_seconds: Seconds = Field(
        default=1.0,
        description="Seconds that a session of the target may wait for a lock in the database.",
    )


class Performance(SettingsTable):
    """The load that the target is known to bear, and what must hold under it."""

    rate: Rate = Field(
        default=40,
        description="Requests a second, in all. Choose what the target is known to bear.",
    )
    max_rate: Rate | None = Field(
        default=None,
        description=(
            "Requests a second that are never passed, whatever else is said. A production target "
            "must have it."
        ),
    )
    ramp_seconds: float = Field(
        default=5,
        ge=0,
        description="Seconds in which the load rises to its rate. They are not judged.",
    )
    min_seconds: Seconds = Field(
        default=25,
        description=(
            "Seconds that are judged at least: what comes every ten seconds must be seen to come."
        ),
    )
    max_seconds: Seconds = Field(
        default=180,
        description="Seconds that are judged at most. What is not certain by then is not proven.",
    )
    confidence: Share = Field(
        default=0.95, description="How sure a verdict is, at whatever moment the run ends."
    )
    error_rate: Share = Field(
        default=0.001, description="Share of requests that may fail (the plan: < 0.1 %)."
    )
    request_seconds: Seconds = Field(
        default=10, description="Seconds after which a request is given up: it failed."
    )
    patients: int = Field(
        default=20,
        ge=2,
        description="Synthetic patients that are made before the run, to be read and added to.",
    )
    seed: int = Field(
        default=1,
        description=(
            "Of the arrivals: two runs with one seed begin the same work at the same moments."
        ),
    )
    processes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Load processes on this machine. More than one: a master beside them.",
    )
    workers: tuple[str, ...] = Field(
        default=(),
        description="Further machines that make load, one process each (`docs/scale/README.md`).",
    )
    worker_command: str = Field(
        default="ssh -T {host} cutover-load",
        description=(
            "What starts a load process on one of them; it is told its work on "
            "standard input. `cutover-load` comes with this project."
        ),
    )
    master_host: str = Field(
        default="127.0.0.1",
        description="This machine's address as the other machines see it. Set it with `workers`.",
    )
    master_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="The port there to which the other machines connect. 0: any that is free.",
    )
    journeys: dict[str, JourneySettings] = Field(
        default={name: JourneySettings() for name in DEFAULT_JOURNEYS},
        description="The work that is done, by name: those of `performance/journeys.py`.",
    )
    objectives: LatencyObjectives = Field(
        default=LatencyObjectives(), description="The response times that must be held."
    )
    baseline: BaselineSettings = Field(
        default=BaselineSettings(), description="The recorded run that this one is held against."
    )
    resources: ResourceSettings = Field(
        default=ResourceSettings(), description="What the target may use."
    )

    @field_validator("worker_command")
    @classmethod
    def _check_worker_command(cls, value: str) -> str:
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ValueError(
                f'that is no command ({error}): write one such as "ssh -T {{host}} cutover-load"'
            ) from None
        if not words:
            raise ValueError(
                'an empty command starts nothing: write one such as "ssh -T {host} cutover-load"'
            )
        return value

    @field_validator("journeys")
    @classmethod
    def _check_journeys(cls, value: dict[str, JourneySettings]) -> dict[str, JourneySettings]:
        if not any(journey.weight for journey in value.values()):
            raise ValueError(
                "no journey has a weight, so there would be no load: give one of them a weight"
                " above 0"
            )
        return value

    @model_validator(mode="after")
    def _check_durations(self) -> Performance:
        if self.min_seconds > self.max_seconds:
            raise ValueError(
                f"min_seconds = {self.min_seconds:g} is above max_seconds = {self.max_seconds:g}:"
                " give max_seconds more"
            )
        if self.patients < self.load_processes:
            raise ValueError(
                f"patients = {self.patients} is fewer than the load processes"
                f" ({self.load_processes}), and each needs one of its own: give patients more"
            )
        if self.workers and self.master_host == "127.0.0.1":
            raise ValueError(
                "workers on other machines cannot reach a master at 127.0.0.1: set master_host to"
                " this machine's address"
            )
        return self

    @property
    def local_processes(self) -> int:
        """Processes on this machine that make load: none where the others do, unless several are
        asked for.
        """
        return self.processes if self.processes > 1 or not self.workers else 0

    @property
    def load_processes(self) -> int:
        """All processes that make load, on all machines."""
        return self.local_processes + len(self.workers)

    @property
    def intended_rate(self) -> float:
        """Requests a second, never above the cap."""
        return min(self.rate, self.max_rate) if self.max_rate else self.rate

"""What load is put on a target, and what it must bear: `[targets.NAME.performance]`."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_BELOW, SIZE_BELOW, Seconds, SettingsTable
from cutover_gates.config.load_objectives import (
    DEFAULT_JOURNEYS,
    BaselineSettings,
    JourneySettings,
    LatencyObjectives,
    Rate,
)
from cutover_gates.config.resources import ResourceSettings

Share = Annotated[float, Field(gt=0, lt=1)]


class Performance(SettingsTable):
    """The load that the target is known to bear, and what must hold under it."""

    rate: Rate = Field(
        default=40,
        json_schema_extra=SIZE_BELOW,
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
        le=3600,
        ge=0,
        description="Seconds in which the load rises to its rate. They are not judged.",
    )
    min_seconds: Seconds = Field(
        default=25,
        le=86_400,
        json_schema_extra=LOOSER_BELOW,
        description=(
            "Seconds that are judged at least: what comes every ten seconds must be seen to come."
        ),
    )
    max_seconds: Seconds = Field(
        default=180,
        le=86_400,
        description="Seconds that are judged at most. What is not certain by then is not proven.",
    )
    confidence: Share = Field(
        default=0.95,
        ge=0.8,
        json_schema_extra=LOOSER_BELOW,
        description="How sure a verdict is, at whatever moment the run ends.",
    )
    error_rate: Share = Field(
        default=0.001,
        le=0.05,
        json_schema_extra=LOOSER_ABOVE,
        description="Share of requests that may fail (the plan: < 0.1 %).",
    )
    request_seconds: Seconds = Field(
        default=10,
        le=120,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds after which a request is given up: it failed.",
    )
    new_connections: float = Field(
        default=0.1,
        ge=0.02,
        le=1,
        json_schema_extra=LOOSER_BELOW,
        description=("Share of the requests that are sent on a new connection, as people come."),
    )
    asked_again: float = Field(
        default=0.01,
        gt=0,
        le=0.2,
        json_schema_extra=LOOSER_ABOVE,
        examples=[0.02],
        description=(
            "Share of the requests that the target may answer by closing an open connection. Reads"
            " are then sent again, as browsers do; a write never is."
        ),
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

    @model_validator(mode="after")
    def _check_objectives(self) -> Performance:
        for place, limits in self.objectives.tables().items():
            for key in type(limits).model_fields.keys() & {"p50", "p95", "p99"}:
                seconds = getattr(limits, key)
                if seconds is not None and seconds >= self.request_seconds:
                    raise ValueError(
                        f"{place}.{key} = {seconds:g} is not below request_seconds ="
                        f" {self.request_seconds:g}: every request is given up before it is too"
                        " slow. Lower the objective."
                    )
        return self

    @property
    def local_processes(self) -> int:
        """The number of processes on this machine that make load.

        It is 0 where workers on other machines make it, unless several are asked for.
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

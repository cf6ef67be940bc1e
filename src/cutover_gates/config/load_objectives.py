"""The settings of journeys, latency objectives and the baseline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cutover_gates.config.base import (
    LOOSER_ABOVE,
    SettingsTable,
    leaves_out,
)

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LatencySeconds = Annotated[float, Field(gt=0, le=30, allow_inf_nan=False)]
"""A response time. A system that answers after half a minute cannot be worked with."""

DEFAULT_JOURNEYS = ("registrar", "clinician", "clerk")


class JourneySettings(SettingsTable):
    """How often one kind of work is begun, and how long people think between its steps."""

    weight: float = Field(
        default=1,
        json_schema_extra=leaves_out(0),
        allow_inf_nan=False,
        ge=0,
        description="How often it is begun, against the other journeys.",
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

    p50: LatencySeconds | None = Field(
        default=None,
        json_schema_extra={"looser": "above", "reference": 0.5},
        description="Half of the requests are answered within so many seconds.",
    )
    p95: LatencySeconds | None = Field(
        default=None,
        json_schema_extra={"looser": "above", "reference": 0.5},
        description="95 % of the requests are.",
    )
    p99: LatencySeconds | None = Field(
        default=None,
        json_schema_extra={"looser": "above", "reference": 1.0},
        description="99 % of the requests are.",
    )


class LatencyObjectives(LatencyLimits):
    """Response times for every operation, and others for single ones."""

    p95: LatencySeconds | None = Field(
        default=0.5, json_schema_extra=LOOSER_ABOVE, description="95 % of the requests are."
    )
    p99: LatencySeconds | None = Field(
        default=1.0, json_schema_extra=LOOSER_ABOVE, description="99 % of the requests are."
    )
    operations: dict[str, LatencyLimits] = Field(
        default={},
        description="Objectives of single operations (`upload`, `search`, …), over those for all.",
    )

    def tables(self) -> dict[str, LatencyLimits]:
        """Return the objectives for all operations and those of single ones, by their key."""
        single = {f"objectives.operations.{name}": own for name, own in self.operations.items()}
        return {"objectives": self, **single}

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
        le=10,
        gt=1,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "An operation's median response time may be at most so many times the baseline's."
        ),
    )
    p95_ratio: float = Field(
        default=1.5,
        le=10,
        gt=1,
        json_schema_extra=LOOSER_ABOVE,
        description="The time that 95 % of its requests keep may be at most so many times as long.",
    )
    p99_ratio: float = Field(
        default=2.0,
        le=10,
        gt=1,
        json_schema_extra=LOOSER_ABOVE,
        description="The time that 99 % of its requests keep may be at most so many times as long.",
    )
    unnoticed_seconds: float = Field(
        default=0.05,
        le=1,
        ge=0,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds by which these two times may always grow: no user notices them, and two runs"
            " of one release differ by as much."
        ),
    )
    max_age_hours: float = Field(
        default=72,
        le=2160,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which a baseline is too old to compare with.",
    )

"""The settings of journeys, latency objectives and the baseline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cutover_gates.config.base import Seconds, SettingsTable

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


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

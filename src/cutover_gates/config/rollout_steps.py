"""The steps of a rollout: `[targets.NAME.rollout]`, without what runs side by side."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_BELOW, Seconds, SettingsTable
from cutover_gates.config.target_url import WebAddress

PERCENT = "percent"
"""What a word of `advance` may name."""
RELEASE = "release"
"""What `pin_header` may name."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\x21-\x7e][\x20-\x7e]*")
"""A field of HTTP (RFC 9110): a token, a colon, and a value of visible characters."""


class DwellSeconds(SettingsTable):
    """How long each step is live before it is judged; the defaults are the plan's letter."""

    canary: Seconds = Field(
        default=600, json_schema_extra=LOOSER_BELOW, description="Seconds at 10 %."
    )
    half: Seconds = Field(
        default=900, json_schema_extra=LOOSER_BELOW, description="Seconds at 50 %."
    )
    full: Seconds = Field(
        default=1800, json_schema_extra=LOOSER_BELOW, description="Seconds at 100 %."
    )

    def of_step(self, percent: int) -> float:
        """Return the seconds of the step with this share."""
        return {10: self.canary, 50: self.half, 100: self.full}[percent]


class RolloutSteps(SettingsTable):
    """How the steps of a rollout are made, watched and ended."""

    kind: Literal["canary", "rolling", "blue-green"] = Field(
        default="canary",
        description=(
            "`canary`: a weight gives the new release its share. `rolling`: instances are replaced"
            " one after the other. `blue-green`: the new release is judged before it gets traffic"
            " (`phase2-10`), then all is switched at once (`phase2-100`), and the old one is kept."
        ),
    )
    dwell_seconds: DwellSeconds = Field(
        default=DwellSeconds(), description="How long each step is live before it is judged."
    )
    longest_seconds: Seconds = Field(
        default=3600,
        le=14400,
        examples=[7200],
        description=(
            "The longest time that a step may be live, its functional checks included. A step that"
            " has too few answers at the end of `dwell_seconds` goes on, at most for so long."
        ),
    )
    wait_seconds: Seconds = Field(
        default=900,
        le=14400,
        description=(
            "Seconds that `pytest -m phase2` waits between two steps for the captain: Enter on its"
            " terminal, or the file that it names. After that nothing is advanced."
        ),
    )
    pin_header: str | None = Field(
        default=None,
        examples=["X-Release-Wanted: {release}"],
        description=(
            "The header, with its value, by which the balancer sends a request to the new release;"
            " `{release}` is its name. Without it the balancer deals every request."
        ),
    )
    kept_urls: tuple[WebAddress, ...] = Field(
        default=(),
        examples=[["https://blue-1.example.org/health/ready"]],
        description=(
            "For `blue-green`: where each instance of the release before says that it is ready"
            " after the switch. It is kept as the way back; `phase2-100` asks each of them."
        ),
    )
    advance: tuple[str, ...] = Field(
        default=(),
        examples=[["kubectl", "argo", "rollouts", "set", "weight", "backend", "{percent}"]],
        description=(
            "The command that begins a step, as a list, without a shell; `{percent}` is its share."
            " It is run only where the call says `--advance`."
        ),
    )
    abort: tuple[str, ...] = Field(
        default=(),
        examples=[["kubectl", "argo", "rollouts", "abort", "backend"]],
        description=(
            "The command that gives all traffic back to the release before, as a list, without a"
            " shell. It is run only where a trigger fired and the call says `--abort-on-trigger`."
        ),
    )
    command_seconds: Seconds = Field(
        default=300, le=3600, description="Seconds within which `advance` and `abort` must end."
    )
    time_factor: float = Field(
        default=1,
        ge=1,
        le=100,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "How many times shorter all durations of steps and triggers are, for the embedded"
            " hospital only: a demonstration need not take an hour. It stands beside the word."
        ),
    )

    @field_validator("advance", "abort")
    @classmethod
    def _check_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            _refuse_other_names(word, PERCENT)
        return value

    @field_validator("pin_header")
    @classmethod
    def _check_header(cls, value: str | None) -> str | None:
        if value is not None:
            _refuse_other_names(value, RELEASE)
            if not _HEADER.fullmatch(value):
                raise ValueError(f"{value!r} is no header: write it as `Name: value`")
        return value

    @model_validator(mode="after")
    def _check_lengths(self) -> RolloutSteps:
        dwell = self.dwell_seconds
        if max(dwell.canary, dwell.half, dwell.full) > self.longest_seconds:
            raise ValueError("longest_seconds must not be shorter than any of dwell_seconds")
        return self

    @property
    def steps(self) -> tuple[int, ...]:
        """The percentages of its steps, in order."""
        return (10, 100) if self.kind == "blue-green" else (10, 50, 100)

    def make_pin_headers(self, release: str) -> dict[str, str]:
        """Return the header that pins a request to the release; empty where none is declared."""
        if self.pin_header is None:
            return {}
        name, _, value = self.pin_header.format(release=release).partition(":")
        return {name: value.strip()}


def _refuse_other_names(word: str, known: str) -> None:
    try:
        names: set[Any] = {name for _, name, _, _ in Formatter().parse(word) if name is not None}
    except ValueError as error:
        raise ValueError(f"{word}: {error}; double a brace that is meant") from None
    if names - {known}:
        raise ValueError(f"{word}: only {{{known}}} is known; double a brace that is meant")

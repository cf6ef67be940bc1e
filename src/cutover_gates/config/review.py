"""The hour and the day after the cutover, held against the day before: `monitoring.review`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from cutover_gates.config.base import LEAVES_OUT, LOOSER_ABOVE, SettingsTable, WrittenReason


class MetricComparison(SettingsTable):
    """One figure of the day after the cutover that is held against the day before."""

    query: str = Field(
        min_length=1,
        description=(
            "A PromQL expression with one value over `[24h]`, such as a share of errors."
            " `$release` in it is replaced by the release, for the day before by the one before."
        ),
        examples=["sum(increase(http_errors_total{version='$release'}[24h]))"],
    )

    @field_validator("query")
    @classmethod
    def _require_range(cls, value: str) -> str:
        if "[24h" not in value and "[1d" not in value:
            raise ValueError(
                "the expression looks at one moment; write one over the whole day, such as"
                " sum(increase(http_errors_total[24h]))"
            )
        return value

    factor: float = Field(
        default=1.5,
        gt=0,
        le=100,
        json_schema_extra=LOOSER_ABOVE,
        description="How many times the value of the day before it may be.",
    )
    ignored_below: float = Field(
        default=0,
        ge=0,
        json_schema_extra=LOOSER_ABOVE,
        description="A value up to this one is never too high, whatever the day before was.",
    )


class ReviewSettings(SettingsTable):
    """What the log and the metrics say after the cutover, against the day before it."""

    deployed: datetime | None = Field(
        default=None,
        examples=["2026-11-28T02:00:00Z"],
        description=(
            "When the new release took over, with its zone. The log of the hour after it is held"
            " against the 24 hours before it."
        ),
    )
    fields: tuple[str, ...] = Field(
        default=("message",),
        min_length=1,
        examples=[["message", "route"]],
        description=(
            "The fields of a log line that together say what happened, and nothing about one"
            " request. Lines that differ in numbers and quoted words only are the same error."
        ),
    )
    quiet_minutes: float = Field(
        default=15,
        ge=1,
        le=60,
        json_schema_extra=LOOSER_ABOVE,
        description="The longest time in that hour in which the log may hold no line.",
    )
    expected_errors: dict[str, WrittenReason] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        examples=[{"laboratory_unreachable": "it is switched over at 06:00"}],
        description="Texts of error lines that are known beforehand, each with its reason.",
    )
    compared: dict[str, MetricComparison] = Field(
        default={}, description="Figures of the first day that are held against the day before."
    )

    @field_validator("deployed")
    @classmethod
    def _require_time_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(
                "a time without its zone may be hours off: write one such as 2026-11-28T02:00:00Z"
            )
        return value

    @field_validator("expected_errors")
    @classmethod
    def _refuse_empty_texts(cls, value: dict[str, str]) -> dict[str, str]:
        if any(len(text.strip()) < 8 for text in value):
            raise ValueError(
                "a text of fewer than eight characters is in nearly every line: write more of it"
            )
        return value


class ChannelArrivals(SettingsTable):
    """Where a test message is found once it has arrived in its channel."""

    files: dict[str, Path] = Field(
        default={},
        examples=[{"operations": "/var/mail/cutover-test"}],
        description=(
            "For each channel a file in which its receiver leaves what arrived, such as a mailbox"
            " or the log of a webhook. The code of the test message must be in it."
        ),
    )
    max_age_hours: float = Field(
        default=24,
        gt=0,
        le=168,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which a test message says nothing about the channel any more.",
    )

    @model_validator(mode="after")
    def _require_files(self) -> ChannelArrivals:
        if self.model_fields_set and not self.files:
            raise ValueError("files names no channel: name one, or remove the table")
        return self

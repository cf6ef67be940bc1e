"""The tables that declare facts of a target: `[targets.NAME.capabilities]`, `not_applicable`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from cutover_gates.config.base import SettingsTable, WrittenReason
from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.config.capability import Capability
from cutover_gates.core.local_days import latest_local_day
from cutover_gates.core.tables import suggest_nearest

REFERENCE = "docs/capabilities.md"
EXAMPLE = '{ reason = "…", by = "Ada Example", at = 2026-11-20 }'


class DeclaredFact(SettingsTable):
    """What a target is, with who declared it. A plain text is read as the reason.

    The texts are read for one version more: `is_anonymous` says that no person is named.
    """

    reason: WrittenReason = Field(description="Why it is so: an auditor will ask.", examples=["…"])
    by: str = Field(
        default="", description="Who declared it: a person's name.", examples=["Ada Example"]
    )
    at: date | None = Field(
        default=None,
        description="When: a date. One that is older than `declarations_days` is reported.",
        examples=["2026-11-20"],
    )

    @model_validator(mode="before")
    @classmethod
    def _accept_reason_only(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"reason": value}
        missing = [key for key in ("by", "at") if isinstance(value, dict) and key not in value]
        if missing:
            raise ValueError(f"{' and '.join(missing)} must be given, such as {EXAMPLE}")
        return value

    @field_validator("by")
    @classmethod
    def _require_person(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("name the person who declared it")
        return value

    @field_validator("at")
    @classmethod
    def _refuse_future(cls, value: date | None) -> date | None:
        now = datetime.now(UTC)
        if value and value > latest_local_day(now):
            raise ValueError(
                f"{value} is in the future in every time zone (it is {now:%Y-%m-%d %H:%M} UTC):"
                " write the day on which it was declared"
            )
        return value

    @property
    def is_anonymous(self) -> bool:
        """True for a text: it does not say who declared it, and when."""
        return not self.by


def _parse_value(value: Any) -> Any:
    """Return a value of the file or the environment, where every value is a text."""
    words = {"false": False, "true": True}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if not isinstance(value, bool | int | float | str):
        raise ValueError("write value = false, or the value that the capability takes")
    return value


class DeclaredCapability(DeclaredFact):
    """What a target does not do, or does in its own way."""

    value: Annotated[
        bool | int | float | str | tuple[str, ...],
        BeforeValidator(_parse_value),
        WithJsonSchema({"type": "string", "format": "value"}),
    ] = Field(
        description="`false` where the target lacks it. Some capabilities take another value.",
        examples=[False],
    )


def _refuse_unknown_names(names: Iterable[str]) -> None:
    for name in names:
        if name not in CAPABILITIES:
            nearest = suggest_nearest(name, CAPABILITIES)
            raise ValueError(f"no capability is called {name!r}.{nearest} All are in {REFERENCE}")


def _check_capabilities(
    declared: dict[str, DeclaredCapability],
) -> dict[str, DeclaredCapability]:
    _refuse_unknown_names(declared)
    return {name: _check_capability(CAPABILITIES[name], fact) for name, fact in declared.items()}


def _check_capability(capability: Capability, fact: DeclaredCapability) -> DeclaredCapability:
    """Return the fact with its value in the type that the capability takes."""
    if fact.value is False:
        return fact
    value, takes = _convert_text(fact.value, capability.values), capability.values
    if isinstance(value, bool) or not isinstance(value, takes) or not value:
        others = "".join(f", or {describe_kind(kind)}" for kind in takes)
        raise ValueError(
            f"{capability.name} is declared with the value {fact.value!r}: write value ="
            f" false{others}; where the target has it, remove the line"
        )
    if isinstance(value, int | float) and value < 0:
        raise ValueError(f"{capability.name} is {value}: write a number above 0")
    if isinstance(value, tuple):
        _refuse_unknown_choices(capability, value)
    return fact.model_copy(update={"value": value})


def _convert_text(value: object, takes: tuple[type, ...]) -> object:
    """Return a text of the environment as the capability takes it; a list has commas in it."""
    if not isinstance(value, str):
        return value
    if int in takes and value.isascii() and value.isdigit():
        return int(value)
    return tuple(part.strip() for part in value.split(",")) if tuple in takes else value


def _refuse_unknown_choices(capability: Capability, value: tuple[str, ...]) -> None:
    for name in value:
        if capability.choices and name not in capability.choices:
            nearest = suggest_nearest(name, capability.choices)
            raise ValueError(f"{capability.name} knows no {name!r}.{nearest}")


def describe_kind(kind: type) -> str:
    """Return in words what a value of this type is."""
    words = {int: "a whole number", float: "a number", str: "a text", tuple: "a list of texts"}
    return words[kind]


def _check_unsupported(unsupported: dict[str, str]) -> dict[str, str]:
    _refuse_unknown_names(unsupported)
    for name, reason in unsupported.items():
        if not reason.strip():
            raise ValueError(f"{name} needs a reason: an auditor will ask for it")
    return unsupported


Capabilities = Annotated[dict[str, DeclaredCapability], AfterValidator(_check_capabilities)]
UnsupportedNames = Annotated[dict[str, str], AfterValidator(_check_unsupported)]


def absent_names(
    declared: Mapping[str, DeclaredCapability], unsupported: Mapping[str, str]
) -> dict[str, str]:
    """Return the capabilities that are declared absent, with their reasons."""
    absent = {name: fact.reason for name, fact in declared.items() if fact.value is False}
    return {**unsupported, **absent}

"""The base of every settings table."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from cutover_gates.core.tables import SettingsError

__all__ = [
    "SECRET_KEYS",
    "Seconds",
    "SettingsError",
    "SettingsTable",
    "WrittenReason",
    "find_table",
    "holds_secret",
]

SECRET_KEYS = frozenset(
    {
        "password",
        "dsn",
        "standby_dsn",
        "secrets",
        "expired_token",
        "apprise_url",
        "signing_key",
        "signing_passphrase",
        "identity_token",
    }
)
"""The keys of all secrets. None may stand in the file; a test holds the list."""

LOOSER_ABOVE: JsonDict = {"looser": "above"}
"""Marks a limit that proves less where it is above its default (`config.loose_limits`)."""
LOOSER_BELOW: JsonDict = {"looser": "below"}
"""Marks a limit that proves less where it is below its default."""
LOOSER_FEWER: JsonDict = {"looser": "fewer"}
"""Marks a list that proves less where it lacks a part of its default."""
LOOSER_OTHER: JsonDict = {"looser": "other"}
"""Marks a choice that proves less where it is not its default."""
SIZE_ABOVE: JsonDict = {"looser": "above", "size": True}
"""Marks the size of a target: a larger one proves less, and is often simply true."""
SIZE_BELOW: JsonDict = {"looser": "below", "size": True}
"""Marks the size of a target, of which a smaller one proves less."""

LEAVES_OUT: JsonDict = {"leaves_out": True}
"""Marks a table of what is not asked, each with its reason (`config.left_out_settings`)."""


def leaves_out(value: str | int | bool) -> JsonDict:  # the values of a setting
    """Return the mark of a key that takes questions away where it has this value."""
    return {"leaves_out_at": value}


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A bound in seconds: greater than 0 and finite."""


def _require_reason(value: str) -> str:
    if not value.strip():
        raise ValueError("a reason is needed: an auditor will ask for it")
    return value


WrittenReason = Annotated[str, AfterValidator(_require_reason)]
"""A reason that must be given."""


class SettingsTable(BaseModel):
    """A settings table: unknown keys are errors, and nothing changes once it is read."""

    # A limit without an end is none.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def find_table(annotation: Any) -> type[BaseModel] | None:
    """Return the table of a key: itself, in a list, or under names that the author chose."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        if table := find_table(part):
            return table
    return None


def holds_secret(annotation: Any) -> bool:
    """Return whether a key holds a secret: itself, or under names that the author chose."""
    return annotation is SecretStr or any(map(holds_secret, get_args(annotation)))


def list_keys(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the keys of a table as the file writes them.

    A field whose key is a word of Python has the key as its alias.
    """
    return {field.alias or name: field for name, field in table.model_fields.items()}

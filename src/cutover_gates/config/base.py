"""What all tables of the settings have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SECRET_KEYS = frozenset(
    {"password", "dsn", "standby_dsn", "secrets", "expired_token", "apprise_url"}
)

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A bound that is one: greater than 0, and not `inf`."""


class SettingsError(ValueError):
    """The settings cannot be used; the message is one sentence for each mistake, for the person who
    wrote them.
    """


class SettingsTable(BaseModel):
    """A table of the settings: nothing unknown in it, and nothing changed once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

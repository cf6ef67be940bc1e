"""`[targets.NAME.rollout.rollback]`: what a rollback brings back, and how soon."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_BELOW, Seconds, SettingsTable


class WayBack(SettingsTable):
    """The way back from the new release to the one before."""

    database: Literal["restored", "application"] = Field(
        default="restored",
        description=(
            "What becomes of the database. `restored`: a backup is restored, and the data are equal"
            " to the snapshot. `application`: only the application goes back; the schema of the new"
            " release stays as a whole, and no row of the snapshot is lost."
        ),
    )
    began: AwareDatetime | None = Field(
        default=None,
        examples=["2026-11-30T03:10:00+01:00"],
        description=(
            "The moment at which the rollback began, with its zone. Default: that of the watcher's"
            " order, or of the mark (`cutover-gates watch --mark rollback-begins`)."
        ),
    )
    quiet_seconds: Seconds = Field(
        default=60,
        le=600,
        json_schema_extra=LOOSER_BELOW,
        description=(
            "Seconds for which the failed release must not have answered. Where the record of the"
            " watcher does not show them, the gate asks for so long."
        ),
    )
    restore_seconds: Seconds | None = Field(
        default=None,
        le=86_400,
        examples=[300],
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds within which the service must be good again, counted from the begin of the"
            " rollback. Default: none, then the time is told only."
        ),
    )

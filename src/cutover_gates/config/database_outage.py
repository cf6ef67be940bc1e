"""`[targets.NAME.infrastructure.database_outage]`: how the database is taken away for a test."""

from __future__ import annotations

from pydantic import Field, model_validator

from cutover_gates.config.base import LOOSER_ABOVE, SettingsTable


class DatabaseOutageSettings(SettingsTable):
    """How the target's database is taken away for a while, before the checks of a gate."""

    command: tuple[str, ...] = Field(
        default=(),
        examples=[["sh", "-c", "docker stop staging-db; sleep 15; docker start staging-db"]],
        description=(
            "A command, as a list, that takes the database away from the target, waits, and brings"
            " it back. It runs to its end also where the run is killed. Never run on a production"
            " target."
        ),
    )
    fall_seconds: float = Field(
        default=5,
        gt=0,
        le=60,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds after the database is gone within which readiness must say so. The command"
            " must keep it away for longer."
        ),
    )
    back_seconds: float = Field(
        default=60,
        gt=0,
        le=600,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds after the database was taken away within which the target must be ready and"
            " serve again."
        ),
    )

    @model_validator(mode="after")
    def _check_order(self) -> DatabaseOutageSettings:
        if self.fall_seconds >= self.back_seconds:
            raise ValueError(
                f"fall_seconds = {self.fall_seconds:g} is not below back_seconds ="
                f" {self.back_seconds:g}: the database is gone before it is back"
            )
        return self

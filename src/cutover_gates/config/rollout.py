"""`[targets.NAME.rollout]`: what runs side by side while a release replaces the one before."""

from __future__ import annotations

from pydantic import Field

from cutover_gates.config.base import SettingsTable


class RolloutConnections(SettingsTable):
    """The database connections that both releases may hold at the same time."""

    pool: int | None = Field(
        default=None,
        gt=0,
        examples=[20],
        description="The most connections that one instance opens: all of its pools together.",
    )
    pool_before: int | None = Field(
        default=None,
        gt=0,
        examples=[20],
        description="The same of the release before. Without it `pool` counts.",
    )
    old: int | None = Field(
        default=None, ge=0, examples=[3], description="Instances of the release before."
    )
    new: int | None = Field(
        default=None, ge=0, examples=[3], description="Instances of the new release, at the end."
    )
    surge: int = Field(
        default=0, ge=0, description="Instances beyond that, such as `maxSurge` of a deployment."
    )
    others: int = Field(
        default=0,
        ge=0,
        description=(
            "Connections that others open in the night, beyond those that are there at the gate:"
            " reports, jobs, these gates."
        ),
    )
    users: tuple[str, ...] = Field(
        default=(),
        examples=[["hospital_app"]],
        description=(
            "The roles of both releases in the database. Their sessions are part of the pools, and"
            " their own limits count."
        ),
    )


class Rollout(SettingsTable):
    """What runs side by side while a release replaces the one before."""

    connections: RolloutConnections = Field(
        default=RolloutConnections(),
        description="The database connections that both releases may hold at the same time.",
    )

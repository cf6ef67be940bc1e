"""The expected effects of a migration on a target's data, and the means to prove them.

The table is `[targets.NAME.migrations]`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from cutover_gates.config.base import (
    LEAVES_OUT,
    LOOSER_ABOVE,
    LOOSER_OTHER,
    Seconds,
    leaves_out,
)
from cutover_gates.config.named_facts import NamedFact, Standstill
from cutover_gates.config.night import NightSettings, require_flyway
from cutover_gates.config.rehearsal import (
    BackupSettings,
    RehearsalSettings,
    ReplaySettings,
    ScratchSettings,
    StagingReference,
)
from cutover_gates.config.table_changes import ImpliedReference, LargeObjectSettings, TableChange
from cutover_gates.config.table_moves import list_renames


class Migrations(NightSettings, StagingReference):
    """How the database is migrated, what is expected of its data, and what proving it may cost."""

    tool: Literal[
        "flyway",
        "alembic",
        "django",
        "liquibase",
        "golang-migrate",
        "rails",
        "prisma",
        "entity-framework",
        "custom",
    ] = Field(
        default="flyway",
        description="Who keeps the history of migrations. `custom`: see `version_query`.",
    )
    version_query: str | None = Field(
        default=None,
        description=(
            'For `tool = "custom"`: a query that gives the version of the database, or one line'
            " for each migration, in their order. Its first column names the migration."
        ),
        examples=["SELECT version FROM hospital.schema_version ORDER BY applied"],
    )
    version: str | None = Field(
        default=None,
        description=(
            'For `tool = "custom"`: the version to which the release brings the database.'
            " Default: the one that staging or `expected_catalog` has."
        ),
        examples=["2.0.0"],
    )
    locations: tuple[Path, ...] = Field(
        default=(), description="The folders that hold the scripts of the release under judgement."
    )
    brings_scripts: bool = Field(
        default=True,
        description=(
            "False for a release without migrations: only then may a snapshot of the "
            "migration that the database is at be the one from before."
        ),
    )
    history_table: str | None = Field(
        default=None,
        description=(
            "The history's table. Default: the tool's own name for it, in the first schema."
        ),
    )
    placeholders: dict[str, str] = Field(
        default={}, description="What `${name}` in a script stands for."
    )
    out_of_order: bool = Field(
        default=False,
        json_schema_extra=LOOSER_OTHER,
        description="Whether the tool may apply a script below the highest one.",
    )
    schemas: tuple[str, ...] = Field(
        default=("public",), min_length=1, description="The schemas that belong to the target."
    )
    other_schemas: dict[str, str] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        examples=[{"reporting": "the reporting team's own copies, which no release reads"}],
        description=(
            "Schemas with tables that do not belong to the target, each with its reason. Nothing"
            " is compared in them."
        ),
    )
    large_objects: LargeObjectSettings = Field(
        default=LargeObjectSettings(), description="What becomes of large objects."
    )
    key_tables: tuple[str, ...] = Field(
        default=(),
        description=(
            "Tables without which the release cannot work; each must be there and hold rows."
        ),
    )
    expected_catalog: Path | None = Field(
        default=None,
        description=(
            "A snapshot whose catalog is the expected one, where the scripts cannot be "
            "applied to an empty database."
        ),
    )
    tables: dict[str, TableChange] = Field(
        default={}, description="What changes, by table (`name` or `schema.name`)."
    )
    keys: tuple[ImpliedReference, ...] = Field(
        default=(), description="References that the model implies and nobody declared."
    )
    standstill: Standstill | None = Field(
        default=None,
        description=(
            "Who declares that nobody wrote since the snapshot, where no table has grows_above: a"
            " rollback then loses nothing. It may be written before or after the snapshot."
        ),
    )
    other_server: NamedFact | None = Field(
        default=None,
        description=(
            "Who declares that the cutover moves the database to another server, major version or"
            " name of a database (pg_upgrade, dump and restore, logical replication). The snapshot"
            " is then compared all the same. It may be written before or after the snapshot."
        ),
    )
    connections: int = Field(
        default=4, gt=0, le=64, description="Connections that the heavy reads may use at a time."
    )
    budget_seconds: Seconds = Field(
        default=840,
        le=86_400,
        description="Seconds that the whole gate may take. What does not fit is not proven.",
    )
    standbys: int | None = Field(
        default=None,
        json_schema_extra=leaves_out(0),
        ge=0,
        description=(
            "Standbys that must follow the primary; 0 where there is none. Unless it is said, one"
            " that is gone is not missed, and the standbys are not proven."
        ),
    )
    archived: bool | None = Field(
        default=None,
        json_schema_extra=leaves_out(value=False),
        description=(
            "Whether the write-ahead log is archived. Unless it is said, no archive is not proven."
        ),
    )
    standby_lag_seconds: Seconds = Field(
        default=10,
        le=3600,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds that a standby may be behind.",
    )
    snapshot_max_age_hours: float = Field(
        default=24,
        le=336,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which a snapshot is too old to compare with.",
    )
    scratch: ScratchSettings = Field(
        default=ScratchSettings(), description="A server for databases that are thrown away."
    )
    backup: BackupSettings = Field(default=BackupSettings(), description="Where the backups are.")
    rehearsal: RehearsalSettings = Field(
        default=RehearsalSettings(), description="How the migration is tried out."
    )
    replay: ReplaySettings = Field(
        default=ReplaySettings(),
        description="How the result of the scripts on the backup is held against the target.",
    )

    @model_validator(mode="after")
    def _require_custom_tool(self) -> Migrations:
        for key in ("version_query", "version"):
            if getattr(self, key) is not None and self.tool != "custom":
                raise ValueError(
                    f'{key} is for tool = "custom": {self.tool} has a table of its own'
                )
        return self

    @model_validator(mode="after")
    def _require_ordered_scripts(self) -> Migrations:
        require_flyway(self.point_of_no_return, self.tool)
        return self

    @property
    def renames(self) -> dict[str, str]:
        """The declared renames: the old name of a table to its new one, as `schema.name`."""
        return list_renames(self.tables, self.schemas[0])

    @model_validator(mode="after")
    def _check_renames(self) -> Migrations:
        list_renames(self.tables, self.schemas[0])
        return self

"""The expected effects of a migration on a target's data, and the means to prove them.

The table is `[targets.NAME.migrations]`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_OTHER, Seconds, SettingsTable, leaves_out
from cutover_gates.config.rehearsal import BackupSettings, RehearsalSettings, ScratchSettings

ROWS = re.compile(r"unchanged|new|dropped|any|[+-]\d+|±\d+|\d+\.\.\d+")
"""How many rows a table may have afterwards, seen from before: as many, so many more or fewer, at
most so many off, or a range of its own.
"""


class TableChange(SettingsTable):
    """What the migration, or the work of the day, does to one table.

    Whatever is not said is expected to stay as it was.
    """

    rows: str = Field(
        default="unchanged",
        json_schema_extra=leaves_out("any"),
        description=(
            "The rows afterwards: `unchanged`, `+5`, `-5`, `±5` (at most five off), `100..200` "
            "(a range), `new` or `dropped` (the table), `any` (with a `reason`)."
        ),
    )
    rows_become: str | None = Field(
        default=None,
        description=(
            "Instead of `rows`: a query over the old tables that gives the rows afterwards."
        ),
    )
    grows_above: str | None = Field(
        default=None,
        description=(
            "The column that only grows (a number, a time), where live traffic adds rows: what "
            "stood up to its highest value must still stand, and what is above came since."
        ),
    )
    becomes: dict[str, str] = Field(
        default={}, description="Columns afterwards, each as an SQL expression over the old row."
    )
    drops: tuple[str, ...] = Field(
        default=(), description="Columns that go away, and whose content with them."
    )
    content: Literal["compared", "any"] = Field(
        default="compared",
        # A declared fact with its reason: listed, and not called loose.
        json_schema_extra={"looser": "other", "size": True, **leaves_out("any")},
        description="`any`: the content is not looked at (with a `reason`).",
    )
    reason: str | None = Field(
        default=None,
        description="Why the table need not stay as it was; for whoever reads the evidence.",
    )

    @field_validator("rows")
    @classmethod
    def _check_rows(cls, value: str) -> str:
        if not ROWS.fullmatch(value):
            raise ValueError(
                f'{value!r} says no number of rows: write "unchanged", "+5", "-5", "±5",'
                ' "100..200", "new", "dropped" or "any"'
            )
        return value

    @model_validator(mode="after")
    def _require_reason(self) -> TableChange:
        if "any" in (self.rows, self.content) and not (self.reason or "").strip():
            raise ValueError(
                '"any" proves nothing, so it needs a reason: an auditor will ask for it'
            )
        if self.rows_become and self.rows != "unchanged":
            raise ValueError("give rows or rows_become, not both")
        return self


class ImpliedReference(SettingsTable):
    """A reference that the model implies and no constraint declares."""

    column: str = Field(
        description="The column that refers, as `table.column` or `schema.table.column`."
    )
    refers_to: str = Field(description="The column that it must be found in, written the same way.")
    where: str | None = Field(
        default=None,
        description=(
            "SQL that says for which rows it holds. Default: for all whose column is not null."
        ),
    )


class Migrations(SettingsTable):
    """How the database is migrated, what is expected of its data, and what proving it may cost."""

    tool: Literal["flyway", "alembic", "django"] = Field(
        default="flyway", description="Who keeps the history of migrations."
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
    staging: str | None = Field(
        default=None,
        description=(
            "The target that stands for staging: its own Phase 1 must have ended in GO with these"
            " scripts, and its verdicts prove the items with `asked_of` of the plan. Default:"
            " `staging`."
        ),
    )
    staging_verdict_hours: float = Field(
        default=72,
        gt=0,
        le=336,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which a verdict of staging is too old to prove such an item.",
    )
    scratch: ScratchSettings = Field(
        default=ScratchSettings(), description="A server for databases that are thrown away."
    )
    backup: BackupSettings = Field(default=BackupSettings(), description="Where the backups are.")
    rehearsal: RehearsalSettings = Field(
        default=RehearsalSettings(), description="How the migration is tried out."
    )

    @field_validator("staging")
    @classmethod
    def _check_staging_name(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("name a target")
        return value

"""What a migration does to tables (`[targets.NAME.migrations.tables.TABLE]`) and large objects."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from cutover_gates.config.base import LEAVES_OUT, SettingsTable, leaves_out
from cutover_gates.config.corrections import Corrections
from cutover_gates.config.table_moves import TableMoves

ROWS = re.compile(r"unchanged|new|dropped|any|[+-]\d+|±\d+|\d+\.\.\d+")
"""How many rows a table may have afterwards, seen from before: as many, so many more or fewer, at
most so many off, or a range of its own.
"""


class TableChange(TableMoves):
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
    ignores: tuple[str, ...] = Field(
        default=(),
        json_schema_extra=LEAVES_OUT,
        description=(
            "Columns that stay, and whose content is not compared, such as a time of change that"
            " the migration sets anew (with a `reason`). A restored database must hold it all the"
            " same."
        ),
        examples=[["updated_at"]],
    )
    corrections: Corrections | None = Field(
        default=None,
        json_schema_extra={"leaves_out_where_given": True},
        description=(
            "What tells the corrections of a day, which people make in old rows, from damage."
        ),
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
    by: str = Field(
        default="",
        description=(
            "Who declares it: needed where it is written or changed after the snapshot was taken."
        ),
        examples=["Ada Example"],
    )
    at: date | None = Field(
        default=None,
        description="The day of it, needed as `by` is.",
        examples=["2026-11-20"],
    )

    @property
    def is_new(self) -> bool:
        """True for a table that need not have been there before."""
        return self.rows == "new" or self.from_query is not None

    @property
    def changes_rows(self) -> bool:
        """True for a table that stays, and that the migration gives rows or takes rows from."""
        by_query = self.from_query is not None or self.kept_as is not None
        stays = self.rows in ("unchanged", "new", "dropped", "any") and not self.rows_become
        return not by_query and not stays and self.content != "any"

    @property
    def is_given_up(self) -> bool:
        """True for a table that is dropped, and that no query gives back."""
        return self.rows == "dropped" and self.kept_as is None

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
        if self.ignores and not (self.reason or "").strip():
            raise ValueError("ignores leaves columns out, so it needs a reason")
        if twice := set(self.ignores) & {*self.becomes, *self.drops}:
            raise ValueError(
                f"{min(twice)} stands in ignores and in becomes or drops: an ignored column stays,"
                " and is not compared"
            )
        if self.rows_become and self.rows != "unchanged":
            raise ValueError("give rows or rows_become, not both")
        if contradiction := self.find_contradiction(self.rows):
            raise ValueError(contradiction)
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


class LargeObjectSettings(SettingsTable):
    """What ordinary work does to large objects, and which columns refer to them.

    Whatever is not said is expected to stay as it was.
    """

    objects: Literal["kept", "any"] = Field(
        default="kept",
        json_schema_extra=leaves_out("any"),
        description=(
            "`any`: objects are removed in ordinary work, so one that is gone is not missed (with"
            " a `reason`). A row that refers to it is still found."
        ),
    )
    content: Literal["compared", "any"] = Field(
        default="compared",
        json_schema_extra={"looser": "other", "size": True, **leaves_out("any")},
        description=(
            "`any`: objects are changed in ordinary work, so their content is not compared (with"
            " a `reason`)."
        ),
    )
    columns: tuple[str, ...] = Field(
        default=(),
        examples=[["letters.body"]],
        description=(
            "The columns that hold OIDs of large objects, as `table.column` or"
            " `schema.table.column`; also text columns that hold the number. Default: each column"
            " of type `oid` or of a domain over it."
        ),
    )
    reason: str | None = Field(
        default=None,
        examples=["documents are edited all day"],
        description="Why the objects need not stay as they were.",
    )

    @model_validator(mode="after")
    def _require_reason(self) -> LargeObjectSettings:
        if "any" in (self.objects, self.content) and not (self.reason or "").strip():
            raise ValueError(
                '"any" proves nothing, so it needs a reason: an auditor will ask for it'
            )
        return self

"""Data that a migration moves between tables: renames, splits, merges and dropped tables.

Each is declared where the data arrives (`was`, `from`), or where it left (`kept_as`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from cutover_gates.config.base import SettingsTable


class TableMoves(SettingsTable):
    """Where the rows of a table come from, or where they went."""

    was: str | None = Field(
        default=None,
        description=(
            "The name of the table before the migration, which renames it. It is compared with that"
            " table, as any other one."
        ),
        examples=["invoices"],
    )
    from_query: str | None = Field(
        default=None,
        alias="from",
        description=(
            "A query over the old tables that gives the rows of this table afterwards, where rows"
            " are split off, merged or moved here. Its columns are compared by name. The snapshot"
            " keeps what it gives."
        ),
        examples=["SELECT id AS patient_id, phone FROM patients WHERE phone <> ''"],
    )
    key: tuple[str, ...] = Field(
        default=(),
        description="The columns of `from` that tell its rows apart, so that lost rows are named.",
        examples=[["patient_id"]],
    )
    kept_as: str | None = Field(
        default=None,
        description=(
            "For a table that is `dropped`: a query over the tables afterwards that gives its rows"
            " back, column by column; `drops` names the columns that are gone with it."
        ),
        examples=["SELECT id, amount FROM bills UNION ALL SELECT id, amount FROM refunds"],
    )

    def find_contradiction(self, rows: str) -> str | None:
        """Return what is wrong with these keys beside `rows`; None where they fit."""
        if self.was and (self.from_query or rows in ("new", "dropped")):
            return "was means the old table: give it without from, and without new or dropped rows"
        if self.from_query and rows not in ("unchanged", "new"):
            return 'from gives the rows afterwards: leave rows out, or write rows = "new"'
        if self.key and not self.from_query:
            return "key belongs to from: a table that was there has a key of its own"
        if self.kept_as and rows != "dropped":
            return 'kept_as says where a dropped table went: write rows = "dropped" beside it'
        return None


def list_renames(tables: Mapping[str, TableMoves], first_schema: str) -> dict[str, str]:
    """Return the name before of each renamed table, with its name afterwards, as `schema.name`.

    Raise ValueError where two tables were the same one, or the old name is declared, too.
    """
    renames: dict[str, str] = {}
    declared = {qualify_name(name, first_schema) for name in tables}
    for name, change in tables.items():
        if change.was is None:
            continue
        old = qualify_name(change.was, first_schema)
        if old in renames or old in declared:
            raise ValueError(
                f"{change.was} is declared twice: as {name}.was, and by itself or as another one."
                " A renamed table is declared under its new name only"
            )
        renames[old] = qualify_name(name, first_schema)
    return renames


def qualify_name(name: str, first_schema: str) -> str:
    """Return a table's name as `schema.name`."""
    return name if "." in name else f"{first_schema}.{name}"

"""Conditions that no row may meet, counted in the pass that hashes the rows.

So a large table is read once for its rows, its sums and its constraints. A condition is evaluated
as the constraint that it stands for: with the database's own settings, such as its time zone, while
hashes are computed with fixed ones. Therefore only those tables share the pass whose hashes depend
on no setting.

A condition that cannot be evaluated must not hide the rows: the piece is then read without any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.probes.database.measurement.row_hashes import (
    DIRECTLY_HASHED_TYPES,
    NUMERIC_TYPE,
    TEXT_TYPES,
)
from cutover_gates.probes.database.measurement.table_queries import TablePiece, content_query
from cutover_gates.probes.database.measurement.table_specs import (
    TablePart,
    TableSpec,
    TupleConnection,
)

MAX_CONDITIONS = 500
"""A statement may have 1664 columns, and each condition takes one."""
# Their text is the same with all settings: json, jsonb.
_FIXED_TEXTS = {114, 3802}
_FIXED_TYPES = {*DIRECTLY_HASHED_TYPES, *TEXT_TYPES, NUMERIC_TYPE, *_FIXED_TEXTS}
_PINNED = (
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "bytea_output",
    "lc_monetary",
    "search_path",
)
# The planner must not believe the constraint that is checked.
_OWN_SETTINGS = "; ".join(
    [*(f"RESET {name}" for name in _PINNED), "SET LOCAL constraint_exclusion = off"]
)
# Who cancels, or holds a lock, stops the piece with and without conditions.
_FINAL_ERRORS = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)


@dataclass
class ConditionCounts:
    """The conditions on the rows of each table or partition (`schema.name`), and their counts."""

    conditions: Mapping[str, Sequence[sql.Composable]] = field(default_factory=dict)
    _counts: dict[str, list[int]] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)

    def read_piece(
        self, connection: TupleConnection, spec: TableSpec, piece: TablePiece
    ) -> tuple[list[Any], Sequence[int]]:
        """Return the rows of `content_query`, and how many rows meet each condition of the part.

        The second value is empty where the part has none, or they cannot be evaluated.
        """
        conditions = self._choose(spec, piece.part)
        if conditions:
            try:
                return _read_both(connection, spec, piece, conditions)
            except psycopg.Error as error:
                if isinstance(error, _FINAL_ERRORS) or connection.closed or connection.broken:
                    raise
                self._failed.add(_name(piece.part))
        return list(connection.execute(content_query(spec, piece))), ()

    def add(self, part: TablePart, counts: Sequence[int]) -> None:
        """Add the counts of a piece."""
        known = self._counts.get(_name(part), [0] * len(counts))
        if counts:
            self._counts[_name(part)] = [a + b for a, b in zip(known, counts, strict=True)]

    def list_unbroken(self, read: Iterable[TableSpec]) -> dict[str, list[str]]:
        """Return the conditions (SQL) that no row meets, by table or partition.

        `read` are the tables that were read to their end.
        """
        names = [_name(part) for spec in read for part in spec.table.parts]
        whole = [name for name in names if name in self._counts and name not in self._failed]
        return {name: self._list_unmet(name) for name in whole}

    def _list_unmet(self, name: str) -> list[str]:
        pairs = zip(self.conditions[name], self._counts[name], strict=True)
        return [condition.as_string() for condition, count in pairs if count == 0]

    def _choose(self, spec: TableSpec, part: TablePart) -> Sequence[sql.Composable]:
        conditions = self.conditions.get(_name(part), ())
        is_possible = len(conditions) <= MAX_CONDITIONS and _name(part) not in self._failed
        return conditions if is_possible and is_free_of_settings(spec) else ()


def is_free_of_settings(spec: TableSpec) -> bool:
    """Return whether all rows of a table are hashed, and to the same values with all settings."""
    if spec.above or spec.division or spec.expected is not None or spec.table.query is not None:
        return False
    return all(
        column.oid in _FIXED_TYPES and column.expression == sql.Identifier(name).as_string()
        for name, column in spec.content.items()
    )


def _read_both(
    connection: TupleConnection,
    spec: TableSpec,
    piece: TablePiece,
    conditions: Sequence[sql.Composable],
) -> tuple[list[Any], Sequence[int]]:
    # The rollback brings back the fixed settings.
    with connection.transaction(force_rollback=True):
        connection.execute(_OWN_SETTINGS.encode())
        (row,) = connection.execute(content_query(spec, piece, conditions)).fetchall()
    return [row[: -len(conditions)]], row[-len(conditions) :]


def _name(part: TablePart) -> str:
    return f"{part.schema}.{part.name}"

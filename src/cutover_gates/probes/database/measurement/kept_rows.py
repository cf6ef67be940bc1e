"""The hash of each row of a table, kept to tell the corrections of a day from damage.

Sums say that a table differs. Only the rows that differ can be asked who changed them.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from cutover_gates.config.corrections import Corrections
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.row_hashes import key_hash, row_hash
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats

# Rows of a table whose hashes are kept: 24 MB of the snapshot.
MAX_KEPT_ROWS = 1_000_000
_COLUMNS = ("keys", "content", "expected")


@dataclass(frozen=True)
class KeptRows:
    """The hashes of a table's rows: by key, of the row as it is and as it should become.

    `latest` is the highest value, as text, of the column with the time of the last change.
    """

    keys: tuple[int, ...] = ()
    content: tuple[int, ...] = ()
    expected: tuple[int, ...] = ()
    latest: str | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them. Hashes are base64 of 64-bit numbers."""
        packed = {
            name: base64.b64encode(array("q", getattr(self, name)).tobytes()).decode()
            for name in _COLUMNS
        }
        return {**packed, "latest": self.latest}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> KeptRows:
        """Return what `to_plain` wrote."""
        keys, content, expected = (
            tuple(array("q", base64.b64decode(plain[name]))) for name in _COLUMNS
        )
        return cls(keys, content, expected, plain["latest"])

    def by_key(self, *, migrated: bool) -> dict[int, int]:
        """Return the hash that each row should have, by the hash of its key."""
        rows = self.expected if migrated else self.content
        return dict(zip(self.keys, rows, strict=True))


@dataclass
class DifferingRows:
    """The rows of a table that are not as they were kept.

    `corrected` are those that a person changed, by the signs of the settings; `others` are not.
    Both are keys as text. `changed_at` counts the corrected rows by the time of their change.
    """

    corrected: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    changed_at: dict[str, int] = field(default_factory=dict)

    def explain_damage(self, corrections: Corrections) -> str:
        """Return what no correction explains, as a short text; empty where all is explained."""
        if self.others:
            return f"{len(self.others)} rows that nobody is shown to have corrected"
        if len(self.corrected) > corrections.most:
            return f"{len(self.corrected)} corrected rows, more than corrections.most"
        most = max(self.changed_at.values(), default=0)
        if most > corrections.at_once:
            return f"{most} rows were changed at one time, more than corrections.at_once"
        return ""


def keep_corrected_rows(
    connection: TupleConnection,
    context: DatabaseContext,
    specs: Sequence[TableSpec],
    figures: DatabaseStats,
) -> dict[str, KeptRows]:
    """Return the hash of each row of the tables in which people correct rows meanwhile."""
    kept = {}
    for spec in specs:
        corrections = context.declared_change(spec.name).corrections
        if corrections and figures.tables[spec.name].sums is not None:
            kept[spec.name] = keep_rows(connection, spec, corrections)
    return {name: rows for name, rows in kept.items() if rows is not None}


def keep_rows(
    connection: TupleConnection, spec: TableSpec, corrections: Corrections
) -> KeptRows | None:
    """Return the hashes of a table's rows; None for a table without a key, or with too many rows.

    Raise `psycopg.Error`.
    """
    if not spec.key:
        return None
    rows = _read_hashes(connection, spec)
    if len(rows) > MAX_KEPT_ROWS or len({row[0] for row in rows}) < len(rows):
        return None
    keys, content, expected = zip(*rows, strict=True) if rows else ((), (), ())
    latest = None
    if column := corrections.changed_at:
        latest = table_queries.read_highest_value(connection, spec.table, column)
    return KeptRows(keys, content, expected, latest)


def _read_hashes(connection: TupleConnection, spec: TableSpec) -> list[tuple[int, int, int]]:
    content = row_hash(spec.content, spec.key)
    expected = content
    if spec.expected is not None:
        expected = row_hash(spec.expected, spec.expected_key)
    query = sql.SQL("SELECT {}, {}, {} FROM {} WHERE {} ORDER BY 1 LIMIT {}").format(
        key_hash(spec.content, spec.key),
        content,
        expected,
        spec.table.identifier,
        table_queries.is_old(spec),
        sql.Literal(MAX_KEPT_ROWS + 1),
    )
    return connection.execute(query).fetchall()

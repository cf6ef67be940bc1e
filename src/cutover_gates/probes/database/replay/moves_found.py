"""Tables and columns that the scripts take away, found whole again under another name.

A table is found where another one has as many rows, the same keys, and for each of its columns one
with the same values. That proves a rename, or a column that moved, without a declaration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.column_pass import sum_columns
from cutover_gates.probes.database.measurement.column_sums import ColumnSums
from cutover_gates.probes.database.measurement.consistent_session import ConsistentSession
from cutover_gates.probes.database.measurement.row_hashes import MODULUS
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    read_tables,
)

Tables = Mapping[str, MeasuredTable]


def find_whole_moves(
    context: DatabaseContext,
    original: ConsistentSession,
    migrated: ConsistentSession,
    before: Tables,
) -> dict[str, str]:
    """Return the table or column in which each one that is gone stands whole, by `schema.name`.

    What is gone and not among them was split, changed or lost.
    """
    after, _ = read_tables(migrated.first, context.migrations.schemas)
    gone = {name: sorted(_lost_columns(table, after.get(name))) for name, table in before.items()}
    gone = {name: columns for name, columns in gone.items() if columns and before[name].key}
    if not gone:
        return {}
    arrived = [
        table
        for name, table in after.items()
        if table.key and (name not in before or _lost_columns(table, before[name]))
    ]
    then = _sum(original, [before[name] for name in gone])
    now = _sum(migrated, arrived)
    return dict(_match_all(gone, before, after, then, now))


def _lost_columns(table: MeasuredTable, other: MeasuredTable | None) -> set[str]:
    """Return the columns of a table that another one does not have."""
    return set(table.columns) - set(other.columns if other else ())


def _sum(session: ConsistentSession, tables: list[MeasuredTable]) -> dict[str, ColumnSums]:
    specs = [
        TableSpec(table, read_columns(session.first, table, table.columns), table.key)
        for table in tables
    ]
    return sum_columns(session, [session.first], specs)


def _match_all(
    gone: Mapping[str, list[str]],
    before: Tables,
    after: Tables,
    then: Mapping[str, ColumnSums],
    now: Mapping[str, ColumnSums],
) -> Iterator[tuple[str, str]]:
    for name, columns in gone.items():
        old = then.get(name)
        if old is None:
            continue
        for arrival, sums in now.items():
            if arrival == name or sum(sums.keys) % MODULUS != sum(old.keys) % MODULUS:
                continue
            matches = {column: _find_column(old, column, sums) for column in columns}
            if name not in after and all(matches.values()):
                yield name, arrival
            if name in after:
                yield from (
                    (f"{name}.{column}", f"{arrival}.{match}")
                    for column, match in matches.items()
                    if match and column not in before[name].key
                )


def _find_column(old: ColumnSums, column: str, new: ColumnSums) -> str | None:
    """Return the column with the same values under the same keys, of the same name if there is."""
    same = [name for name in new.columns if new.total(name) == old.total(column)]
    return column if column in same else next(iter(same), None)

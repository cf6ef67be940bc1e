"""The original of a backup: what the restored copy must equal.

Before the migration it is the target as it is now; after it, the snapshot from before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import read_applied_migration, read_server_facts
from cutover_gates.probes.database.integrity.known_defects import (
    Defect,
    find_reference_defects,
    find_sequence_defects,
)
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.kept_rows import KeptRows
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_queries import read_highest_value
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats
from cutover_gates.probes.database.schema.schema_catalog import Catalog, read_catalog
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.selection import (
    find_newest_snapshot,
    require_comparable_hashes,
)

# The column that only grows, and its value (as text) up to which rows are compared.
Mark = tuple[str | None, str | None]


@dataclass(frozen=True)
class BackupOriginal:
    """The facts and figures that the copy is compared with; `name` is for findings.

    `find_defects` gives what is wrong with its references and sequences already. `kept` are the
    hashes of rows in tables that people correct, `kept_at` is their `time.time()`. `live` is the
    target, where the copy is compared with it: then the copy holds the older rows.
    """

    name: str
    migration: str | None
    catalog: Catalog
    figures: DatabaseStats
    system_identifier: str
    find_defects: Callable[[], list[Defect]] = list
    kept: Mapping[str, KeptRows] = field(default_factory=dict)
    kept_at: float = 0.0
    live: DatabaseContext | None = None


def measure_with_target(
    context: DatabaseContext, copy_context: DatabaseContext
) -> tuple[BackupOriginal, DatabaseStats]:
    """Measure the target and the copy now, and return both.

    In a table that grows, the rows up to the highest value of the copy are compared.
    """
    with _open_session(copy_context) as copy, _open_session(context) as live:
        marks = _read_marks(context, copy)
        figures = _measure(copy_context, copy, marks)
        own = _measure(context, live, marks)
    with context.connect() as target:
        catalog = read_catalog(target, context.migrations.schemas)
        system_identifier = read_server_facts(target).system_identifier
        migration = read_applied_migration(context, target)
    original = BackupOriginal(
        "the target",
        migration,
        catalog,
        own,
        system_identifier,
        lambda: [*find_reference_defects(context), *find_sequence_defects(context)],
        live=context,
    )
    return original, figures


def measure_with_snapshot(
    context: DatabaseContext, copy_context: DatabaseContext
) -> tuple[BackupOriginal, DatabaseStats]:
    """Measure the copy, and return it with the newest snapshot as the original.

    In a table that grows, the rows up to the snapshot's mark are compared.
    """
    before = find_newest_snapshot(context)
    if before.catalog is None:
        raise gap_error(snapshot_rules.CATALOG_READABLE, before.label, "it holds no catalog")
    require_comparable_hashes(copy_context, before)
    with _open_session(copy_context) as copy:
        marks: dict[str, Mark] = {
            name: (table.above, table.mark)
            for name, table in before.figures.tables.items()
            if table.above and table.mark is not None
        }
        figures = _measure(copy_context, copy, marks)
    system_identifier = before.server.system_identifier
    original = BackupOriginal(
        before.label,
        before.migration,
        before.catalog,
        before.figures,
        system_identifier,
        lambda: list(before.defects),
        before.kept_rows,
        before.taken_at,
    )
    return original, figures


def _open_session(context: DatabaseContext) -> AbstractContextManager[ConsistentSession]:
    dsn = context.dsn.get_secret_value()
    return open_consistent_session(dsn, context.budget.ends, context.migrations.schemas)


def _read_tables(context: DatabaseContext, session: ConsistentSession) -> dict[str, MeasuredTable]:
    return read_tables(session.first, context.migrations.schemas)[0]


def _read_marks(context: DatabaseContext, copy: ConsistentSession) -> dict[str, Mark]:
    marks: dict[str, Mark] = {}
    for name, table in _read_tables(context, copy).items():
        column = context.declared_change(name).grows_above
        mark = read_highest_value(copy.first, table, column) if column else None
        if mark is not None:
            marks[name] = (column, mark)
    return marks


def _measure(
    context: DatabaseContext, session: ConsistentSession, marks: Mapping[str, Mark]
) -> DatabaseStats:
    specs = [
        _build_spec(session.first, table, marks.get(name, (None, None)))
        for name, table in _read_tables(context, session).items()
    ]
    return measure_in_session(session, specs, connections=context.migrations.connections)


def _build_spec(connection: TupleConnection, table: MeasuredTable, mark: Mark) -> TableSpec:
    columns = read_columns(connection, table, table.columns)
    above, value = mark
    return TableSpec(table, columns, table.key, above=above, mark=value, cannot=table.cannot)

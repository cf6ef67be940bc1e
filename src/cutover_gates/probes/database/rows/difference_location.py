"""Which rows differ, exactly: the database against the restored backup, key by key.

Asked only where something differs, for a restore is dear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import psycopg

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.backup.backup_restore import open_restored_backup
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    first_error_line,
)
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.segment_comparison import find_differing_keys
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.rows.snapshot_scan import MIGRATED, build_comparison_spec
from cutover_gates.probes.database.snapshot.model import Snapshot


def find_keys_against_backup(
    context: DatabaseContext, before: Snapshot, dsn: str, names: Sequence[str], expected: str
) -> dict[str, str]:
    """The keys that differ, by table, in words.

    A table without a key is not among them. Raises `NotProven` where the backup cannot say it.
    """
    found = {}
    try:
        with open_restored_backup(context) as copy:
            here = _build_specs(
                context,
                dsn,
                names,
                lambda session, table: build_comparison_spec(
                    session, context, table, before.figures.tables[table.name], expected
                ),
            )
            there = _build_specs(
                context,
                copy.dsn,
                names,
                lambda session, table: _build_expected_spec(
                    context, session, table, before, expected
                ),
            )
            for name in names:
                if here[name].key and here[name].key == there[name].key:
                    found[name] = str(
                        find_differing_keys(
                            dsn,
                            here[name],
                            copy.dsn,
                            there[name],
                            ends=context.budget.ends,
                            connections=context.migrations.connections,
                        )
                    )
    except DatabaseUnreachable as silence:
        raise NotProven(str(silence)) from None
    except psycopg.Error as error:
        raise NotProven(first_error_line(error)) from None
    return found


def _build_specs(
    context: DatabaseContext,
    dsn: str,
    names: Sequence[str],
    spec: Callable[[TupleConnection, MeasuredTable], TableSpec],
) -> dict[str, TableSpec]:
    with open_consistent_session(dsn, context.budget.ends, context.migrations.schemas) as session:
        tables, _ = read_tables(session.first, context.migrations.schemas)
        return {name: spec(session.first, tables[name]) for name in names}


def _build_expected_spec(
    context: DatabaseContext,
    connection: TupleConnection,
    table: MeasuredTable,
    before: Snapshot,
    expected: str,
) -> TableSpec:
    """The same columns of the old table: as they are, or as they should have become.

    Up to the snapshot's mark, too.
    """
    spec = replace(
        build_table_spec(connection, table, context.declared_change(table.name)),
        mark=before.figures.tables[table.name].mark,
    )
    if expected == MIGRATED and spec.expected is not None:
        return replace(spec, content=spec.expected, key=spec.expected_key, expected=None)
    return replace(spec, expected=None)

"""The rows that came after the snapshot: listed, because a restore of it would lose them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress

import psycopg
from psycopg import sql

from cutover_gates.config.named_facts import Standstill
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.segment_comparison import MAX_KEYS
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.moves.current_tables import apply_moves
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.new_rows_record import (
    NewRows,
    NewRowsByTable,
    NewRowsRecord,
    add_moment,
    format_second,
    record_path,
    tables_to_plain,
)
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.util.files import write_atomically


def find_new_rows(context: DatabaseContext, before: Snapshot, dsn: str) -> NewRowsByTable:
    """Return the new rows of each table that grows, by the table's display name."""
    found: NewRowsByTable = {}
    schemas, ends = context.migrations.schemas, time.time() + context.budget.remaining_seconds
    with open_consistent_session(dsn, ends, schemas) as session:
        tables = apply_moves(context, session.first, read_tables(session.first, schemas)[0]).tables
        for name, then in before.figures.tables.items():
            table = tables.get(name)
            if table is None or then.above is None or then.above not in table.columns:
                continue
            # The comparison of counts and contents reports why a table cannot be read.
            with suppress(psycopg.Error), session.first.transaction():
                found[context.display_name(name)] = _read_new_rows(session.first, table, then)
    return found


def _read_new_rows(connection: TupleConnection, table: MeasuredTable, then: TableStats) -> NewRows:
    key = tuple(column for column in then.key if column in table.columns)
    columns = read_columns(connection, table, key)
    spec = TableSpec(table, columns, key, above=then.above, mark=then.mark)
    is_new = table_queries.is_new(spec)
    count = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(table.identifier, is_new)
    row = connection.execute(count).fetchone()
    number = row[0] if row else 0
    if not number or not spec.key:
        return NewRows(number)
    query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}").format(
        table_queries.key_text(spec),
        table.identifier,
        is_new,
        sql.Identifier(spec.above or ""),
        sql.Literal(MAX_KEYS),
    )
    return NewRows(number, tuple(key for (key,) in connection.execute(query).fetchall()))


def list_writes_since_snapshot(context: DatabaseContext, before: Snapshot, dsn: str) -> Assessment:
    """List the rows above the marks now, and those that a gate recorded before a restore."""
    now, record = find_new_rows(context, before, dsn), NewRowsRecord.load(record_path(before))
    builder = AssessmentBuilder(
        checked=[
            context.display_name(name) for name, then in before.figures.tables.items() if then.above
        ],
        figures={
            "snapshot": before.taken_at_text,
            "came since": tables_to_plain(now),
            "seen last": record.to_plain(),
            "lost by the restore": _count_lost_rows(record, now),
        },
    )
    if context.migrations.standstill:
        check_standstill(context.migrations.standstill, context.target, now, record, builder)
    elif not builder.checked:
        builder.add_gap(rules.WRITES_LISTED, context.target, NOTHING_GROWS)
    return builder.build("What was acknowledged since the snapshot is listed")


def _count_lost_rows(record: NewRowsRecord, now: Mapping[str, NewRows]) -> dict[str, int]:
    recorded = (record.tables or {}).items()
    lost = {name: rows.rows - now.get(name, NewRows(0)).rows for name, rows in recorded}
    return {name: number for name, number in lost.items() if number > 0}


def record_new_rows(
    context: DatabaseContext, before: Snapshot, dsn: str, surplus: Mapping[str, int]
) -> None:
    """Write the new rows to a file beside the snapshot.

    After a restore nothing in the database shows them any more.
    """
    path, at, came = record_path(before), time.time(), find_new_rows(context, before, dsn)
    moment = {"at": at, "rows": {name: rows.rows for name, rows in came.items()}}
    earlier = add_moment(NewRowsRecord.load(path).earlier, moment)
    write_atomically(path, json.dumps(NewRowsRecord(at, came, surplus, earlier).to_plain()))


NOTHING_GROWS = (
    "no table is declared to grow (grows_above), and nobody declares that nobody wrote"
    " (migrations.standstill)"
)


def check_standstill(
    declared: Standstill,
    target: str,
    now: Mapping[str, NewRows],
    record: NewRowsRecord,
    builder: AssessmentBuilder,
) -> None:
    """Add a finding for each table that got rows since the snapshot, now or at an earlier gate.

    Where the declaration says why such rows are no work of people, they are only listed.
    """
    builder.checked.append(f"the standstill of {target}")
    builder.figures["nobody wrote since"] = {
        "by": declared.by,
        "at": str(declared.at),
        "reason": declared.reason,
        "although": declared.although,
    }
    if declared.although:
        return
    recorded = record.tables or {}
    for name in dict.fromkeys((*recorded, *now)):
        # After the restore they are gone, and only the record shows them.
        number = max(rows.get(name, NewRows(0)).rows for rows in (recorded, now))
        if number:
            _add_rows(name, f"{number} rows above grows_above", builder)
    for name, number in record.surplus.items():
        seen = format_second(record.at or 0.0)
        _add_rows(name, f"{number} rows too many at {seen}", builder)


def _add_rows(name: str, actual: str, builder: AssessmentBuilder) -> None:
    builder.add_finding(
        rules.STANDSTILL, name, expected="no row that came since the snapshot", actual=actual
    )

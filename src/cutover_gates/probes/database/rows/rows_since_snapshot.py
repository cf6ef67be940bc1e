"""The rows that came after the snapshot: listed, because a restore of it would lose them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.util.files import write_atomically


@dataclass(frozen=True)
class NewRows:
    """The rows of one table above the mark: their number, and up to `MAX_KEYS` of their keys."""

    rows: int
    keys: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return the values for the evidence and the record's file; `from_plain` reads them."""
        return {"rows": self.rows, "keys": list(self.keys)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> NewRows:
        """Return what `to_plain` wrote."""
        return cls(plain["rows"], tuple(plain["keys"]))


NewRowsByTable = dict[str, NewRows]


@dataclass(frozen=True)
class NewRowsRecord:
    """The new rows that a gate recorded before a restore, and when (`time.time()`).

    `surplus`: the number of rows above what the migration is declared to leave, by table, where no
    column tells which of them are new.
    """

    at: float | None = None
    tables: Mapping[str, NewRows] | None = None
    surplus: Mapping[str, int] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Return the content of the record's file; empty where nothing was recorded."""
        if self.tables is None:
            return {}
        came = tables_to_plain(self.tables)
        return {"at": self.at, "came": came, "surplus": dict(self.surplus)}

    @classmethod
    def load(cls, path: Path) -> NewRowsRecord:
        """Return the record in a file; an empty one where there is none or it cannot be read."""
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            came = {name: NewRows.from_plain(rows) for name, rows in plain["came"].items()}
            return cls(plain["at"], came, plain.get("surplus", {}))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()


def tables_to_plain(tables: Mapping[str, NewRows]) -> dict[str, Any]:
    """Return the new rows of each table as JSON-able values."""
    return {name: rows.to_plain() for name, rows in tables.items()}


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
    now, record = find_new_rows(context, before, dsn), NewRowsRecord.load(_record_path(before))
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
    record = NewRowsRecord(time.time(), find_new_rows(context, before, dsn), surplus)
    write_atomically(_record_path(before), json.dumps(record.to_plain()))


def _record_path(before: Snapshot) -> Path:
    assert before.path is not None  # every snapshot that is compared was loaded from a file
    return before.path.with_name(f"{before.path.name.split('.json')[0]}.since.json")


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
        seen = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(record.at))
        _add_rows(name, f"{number} rows too many at {seen}", builder)


def _add_rows(name: str, actual: str, builder: AssessmentBuilder) -> None:
    builder.add_finding(
        rules.STANDSTILL, name, expected="no row that came since the snapshot", actual=actual
    )

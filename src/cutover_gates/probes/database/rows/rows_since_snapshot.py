"""Whether every row of the snapshot is still there, under its key, whatever became of its content
since.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.segment_comparison import MAX_KEYS, key_text
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.rows.snapshot_scan import (
    MIGRATED,
    DatabaseScan,
    is_content_compared,
)
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.util.files import write_atomically


def compare_retained_rows(
    context: DatabaseContext, before: Snapshot, now: DatabaseScan
) -> Assessment:
    """Every table's keys against those of the snapshot; where rows come and go, only up to the mark
    of the column that grows.
    """
    examined, findings, unproven, left_out = [], [], [], {}
    for name, then in sorted(before.figures.tables.items()):
        change, shown, seen = (
            context.declared_change(name),
            context.display_name(name),
            now.figures.tables.get(name),
        )
        if change.rows == "dropped" or not is_content_compared(context, name, MIGRATED):
            left_out[shown] = change.reason or (
                "dropped" if change.rows == "dropped" else "the migrations' own history"
            )
        elif seen is None:
            findings.append(f"The table {shown} is gone, and its {then.counted} rows with it.")
        elif said := _explain_missing_sums(before, now, name, then, seen):
            unproven.append(f"{shown}: {said}.")
        elif said := _describe_lost_rows(before, then, seen):
            findings.append(f"{shown}: {said}.")
        elif said := _explain_ambiguity(then, seen):
            unproven.append(f"{shown}: {said}.")
        else:
            examined.append(shown)
    if not any(then.sums and then.sums.rows for then in before.figures.tables.values()):
        unproven.append("The snapshot holds no row, so there is none that could have remained.")
    newer = {
        context.display_name(name): table.newer
        for name, table in now.figures.tables.items()
        if table.newer
    }
    return Assessment(
        "Every row of the snapshot is still there",
        tuple(examined),
        tuple(findings),
        tuple(unproven),
        {"left_out": left_out, "rows that came after the snapshot": newer},
    )


def _explain_missing_sums(
    before: Snapshot, now: DatabaseScan, name: str, then: TableStats, seen: TableStats
) -> str:
    if then.sums is None:
        return (
            "the snapshot does not have it whole"
            f" ({before.figures.unproven.get(name, 'nobody knows why')})"
        )
    return (
        ""
        if seen.sums is not None
        else (
            "it was not read"
            f" ({now.figures.unproven.get(name, 'its columns are not those of the snapshot')})"
        )
    )


def _describe_lost_rows(before: Snapshot, then: TableStats, seen: TableStats) -> str:
    assert then.sums is not None  # `_explain_missing_sums` saw to it
    assert seen.sums is not None
    missing = then.sums.rows - seen.sums.rows
    if missing > 0:
        return f"{missing} of its {then.sums.rows} rows are gone since the snapshot of {before.taken_at_text}"
    if then.key and seen.key == then.key and missing == 0 and then.sums.keys != seen.sums.keys:
        return (
            f"rows of the snapshot of {before.taken_at_text} are gone, and as many others are in their"
            " place: the keys are not the same"
        )
    return ""


def _explain_ambiguity(then: TableStats, seen: TableStats) -> str:
    """Where rows were added, or have no key, equal numbers prove nothing."""
    assert then.sums is not None  # `_explain_missing_sums` saw to it
    assert seen.sums is not None
    if seen.sums.rows > then.sums.rows:
        return (
            f"it has {seen.sums.rows - then.sums.rows} rows more than in the snapshot, which may"
            " hide rows that were lost: name a column that only grows (grows_above), and old rows"
            " are told from new ones"
        )
    if not then.key and then.sums.expected != seen.sums.content:
        return (
            "it has no primary key, and its content changed: nobody can say which rows are the old"
            " ones"
        )
    return ""


NewRows = dict[str, dict[str, Any]]
"""By table: `rows`, the number above the mark, and `keys`, up to `KEYS` of them."""


def find_new_rows(context: DatabaseContext, before: Snapshot, dsn: str) -> NewRows:
    """Of every table that grows."""
    found: NewRows = {}
    with open_consistent_session(
        dsn, time.time() + context.budget.remaining_seconds, context.migrations.schemas
    ) as session:
        tables, _ = read_tables(session.first, context.migrations.schemas)
        for name, then in before.figures.tables.items():
            table = tables.get(name)
            if table is None or then.above is None or then.above not in table.columns:
                continue
            with (
                suppress(psycopg.Error),
                session.first.transaction(),
            ):  # whoever counts and compares says why it cannot be read
                found[context.display_name(name)] = _read_new_rows(session.first, table, then)
    return found


def _read_new_rows(
    connection: TupleConnection, table: MeasuredTable, then: TableStats
) -> dict[str, Any]:
    key = tuple(column for column in then.key if column in table.columns)
    spec = TableSpec(
        table, read_columns(connection, table, key), key, above=then.above, mark=then.mark
    )
    where = table_queries.is_new(spec)
    number = connection.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE {}").format(spec.table.identifier, where)
    ).fetchone()
    if not spec.key or not number or not number[0]:
        return {"rows": number[0] if number else 0, "keys": []}
    query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}").format(
        key_text(spec),
        spec.table.identifier,
        where,
        sql.Identifier(spec.above or ""),
        sql.Literal(MAX_KEYS),
    )
    return {"rows": number[0], "keys": [key for (key,) in connection.execute(query).fetchall()]}


def list_writes_since_snapshot(context: DatabaseContext, before: Snapshot, dsn: str) -> Assessment:
    """What stands above the marks now, and what stood there when a gate looked last, before a
    restore took it away.
    """
    now, noted = find_new_rows(context, before, dsn), _load_record(_record_path(before))
    gone = {
        name: seen["rows"] - now.get(name, {"rows": 0})["rows"]
        for name, seen in noted.get("came", {}).items()
    }
    lost = {name: rows for name, rows in gone.items() if rows > 0}
    facts = {
        "snapshot": before.taken_at_text,
        "came since": now,
        "seen last": noted,
        "lost by the restore": lost,
    }
    growing = tuple(
        context.display_name(name) for name, then in before.figures.tables.items() if then.above
    )
    unproven = (
        ()
        if growing
        else (
            (
                "No table is declared to grow (grows_above), so what came since the snapshot cannot"
                " be told from what was there."
            ),
        )
    )
    return Assessment(
        "What was acknowledged since the snapshot is listed", growing, (), unproven, facts
    )


def record_new_rows(context: DatabaseContext, before: Snapshot, dsn: str) -> None:
    """Write down what came by now, beside the snapshot: after a restore nobody could say it any
    more.
    """
    record = {"at": time.time(), "came": find_new_rows(context, before, dsn)}
    write_atomically(_record_path(before), json.dumps(record))


def _record_path(before: Snapshot) -> Path:
    assert before.path is not None  # it was loaded from there
    return before.path.with_name(f"{before.path.name.split('.json')[0]}.since.json")


def _load_record(path: Path) -> Mapping[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}

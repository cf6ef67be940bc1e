"""Tables that differ from the snapshot because people corrected rows meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.corrected_rows import (
    find_differing_rows,
    missing_columns,
)
from cutover_gates.probes.database.measurement.segment_comparison import MAX_KEYS
from cutover_gates.probes.database.measurement.table_specs import MeasuredTable, read_tables
from cutover_gates.probes.database.rows.snapshot_scan import ExpectedState, build_comparison_spec
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.util.text import first_error_line

_NOT_KEPT = (
    "the snapshot keeps no hash of each row: corrections must be declared before it is taken, for a"
    " table with a key and at most a million rows"
)


@dataclass
class CorrectionResult:
    """The tables whose differences are corrections, for the evidence, and what else was found.

    `unexplained`: what no correction explains, by table (`schema.name`).
    """

    corrected: dict[str, dict[str, Any]] = field(default_factory=dict)
    unexplained: dict[str, str] = field(default_factory=dict)


def check_corrections(
    context: DatabaseContext, before: Snapshot, dsn: str, names: list[str]
) -> CorrectionResult:
    """Tell the corrections of people from damage, in differing tables that declare them."""
    result = CorrectionResult()
    declared = [name for name in names if context.declared_change(name).corrections]
    if not declared:
        return result
    schemas, ends = context.migrations.schemas, time.time() + context.budget.remaining_seconds
    try:
        with open_consistent_session(dsn, ends, schemas) as session:
            tables, _ = read_tables(session.first, schemas)
            for name in declared:
                _check_table(context, before, session, tables, name, result)
    except DatabaseUnreachable as error:
        result.unexplained |= dict.fromkeys(declared, str(error))
    return result


def _check_table(
    context: DatabaseContext,
    before: Snapshot,
    session: ConsistentSession,
    tables: Mapping[str, MeasuredTable],
    name: str,
    result: CorrectionResult,
) -> None:
    corrections, kept = context.declared_change(name).corrections, before.kept_rows.get(name)
    assert corrections is not None  # only tables that declare them are looked at
    if kept is None:
        result.unexplained[name] = _NOT_KEPT
        return
    if lost := missing_columns(corrections, tables[name].columns):
        result.unexplained[name] = f"the table has no column {lost[0]} (corrections)"
        return
    then = before.figures.tables[name]
    try:
        with session.first.transaction():
            spec = build_comparison_spec(
                session.first, context, tables[name], then, ExpectedState.MIGRATED
            )
            found = find_differing_rows(
                session.first, spec, kept, corrections, since=before.taken_at, migrated=True
            )
    except psycopg.Error as error:
        result.unexplained[name] = f"corrections cannot be told: {first_error_line(error)}"
        return
    if damage := found.explain_damage(corrections):
        keys = (found.others or found.corrected)[:MAX_KEYS]
        result.unexplained[name] = f"{damage}: keys {', '.join(keys)}"
        return
    result.corrected[context.display_name(name)] = {
        "rows": len(found.corrected),
        "keys": found.corrected[:MAX_KEYS],
        "reason": corrections.reason,
    }

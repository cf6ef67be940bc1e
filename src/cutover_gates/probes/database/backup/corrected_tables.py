"""Tables in which people corrected rows between a backup and what it is compared with."""

from __future__ import annotations

from contextlib import AbstractContextManager

import psycopg

from cutover_gates.config.corrections import Corrections
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.backup.backup_original import BackupOriginal
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.corrected_rows import (
    find_differing_rows,
    missing_columns,
)
from cutover_gates.probes.database.measurement.kept_rows import DifferingRows, keep_rows
from cutover_gates.probes.database.measurement.segment_comparison import MAX_KEYS
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import TableSpec, read_tables
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.util.text import first_error_line

CORRECTED = "rows that people corrected meanwhile"


def explain_corrections(
    context: DatabaseContext,
    copy_context: DatabaseContext,
    original: BackupOriginal,
    name: str,
    builder: AssessmentBuilder,
) -> str | None:
    """Return what no correction explains, to be added to a finding; None where all is explained.

    The corrected rows go into the figures.
    """
    corrections = context.declared_change(name).corrections
    if corrections is None:
        return ""
    try:
        found = _find_rows(copy_context, original, name, corrections)
    except psycopg.Error as error:
        return f"; corrections cannot be told: {first_error_line(error)}"
    if found is None:
        return ""
    if damage := found.explain_damage(corrections):
        keys = ", ".join((found.others or found.corrected)[:MAX_KEYS])
        return f"; {damage}: keys {keys}"
    builder.figures.setdefault(CORRECTED, {})[context.display_name(name)] = len(found.corrected)
    return None


def _find_rows(
    copy_context: DatabaseContext, original: BackupOriginal, name: str, corrections: Corrections
) -> DifferingRows | None:
    """Return the rows that differ; None where the older rows are not known one by one."""
    stats, kept = original.figures.tables[name], original.kept.get(name)
    newer = original.live or copy_context
    if original.live:
        with _open_session(copy_context) as session:
            spec = _build_spec(session, copy_context, stats, name)
            kept = keep_rows(session.first, spec, corrections)
    if kept is None:
        return None
    with _open_session(newer) as session:
        spec = _build_spec(session, newer, stats, name)
        if missing_columns(corrections, spec.table.columns):
            return None
        return find_differing_rows(
            session.first, spec, kept, corrections, since=original.kept_at, migrated=False
        )


def _open_session(context: DatabaseContext) -> AbstractContextManager[ConsistentSession]:
    dsn = context.dsn.get_secret_value()
    return open_consistent_session(dsn, context.budget.ends, context.migrations.schemas)


def _build_spec(
    session: ConsistentSession, context: DatabaseContext, stats: TableStats, name: str
) -> TableSpec:
    table = read_tables(session.first, context.migrations.schemas)[0][name]
    columns = read_columns(session.first, table, table.columns)
    return TableSpec(table, columns, table.key, above=stats.above, mark=stats.mark)

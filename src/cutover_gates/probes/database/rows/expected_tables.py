"""The tables that a migrated database is expected to have, seen from its snapshot.

They are those of the snapshot, with what the declared queries (`from`) gave. A query that was
declared after the snapshot is evaluated on the restored backup. A replay of the scripts says which
tables come and where others went.
"""

from __future__ import annotations

from dataclasses import replace

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats, TableStats
from cutover_gates.probes.database.moves.moved_rows import (
    MovedRows,
    list_queries,
    measure_moves,
    query_digest,
)
from cutover_gates.probes.database.replay.assessments import find_replay, list_proven_moves
from cutover_gates.probes.database.rows.later_declarations import (
    AppliedDeclarations,
    apply_declarations,
)
from cutover_gates.probes.database.rows.snapshot_from_backup import find_foreign_tables
from cutover_gates.probes.database.rows.snapshot_scan import (
    DatabaseScan,
    ExpectedState,
)
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.model import Snapshot, declarations_digest
from cutover_gates.probes.database.snapshot.selection import (
    find_newest_snapshot,
    require_comparable_hashes,
)


def load_expected_snapshot(
    context: DatabaseContext, *, contents: bool = True
) -> AppliedDeclarations:
    """Return the newest snapshot from before, as the declarations in force read it.

    `contents`: hashes will be compared, not only counts. Raise `NotProven`.
    """
    before = find_newest_snapshot(context)
    if before.declared is None:  # a snapshot of an older release of this suite
        require_same_declarations(context, before)
    if contents:
        require_comparable_hashes(context, before)
    applied = apply_declarations(context, before)
    return replace(applied, snapshot=add_moved_rows(context, applied.snapshot))


def require_same_declarations(context: DatabaseContext, before: Snapshot) -> None:
    """Raise `NotProven` where the snapshot was made with other declarations than those in force."""
    if before.declarations != declarations_digest(context):
        reason = "migrations.tables was changed after it was taken"
        raise gap_error(snapshot_rules.SAME_DECLARATIONS, before.label, reason)


def add_moved_rows(context: DatabaseContext, before: Snapshot) -> Snapshot:
    """Return the snapshot with the tables that the declared queries gave then."""
    queries = list_queries(context)
    if not queries:
        return before
    known = before.moves
    stale = [
        name for name, each in queries.items() if known.queries.get(name) != query_digest(each)
    ]
    later = _evaluate_on_backup(context, before) if stale else MovedRows()
    sources = {name: later if name in stale else known for name in queries}
    figures = before.figures
    for name, moved in sources.items():
        figures = _add_table(figures, name, moved.figures)
    return replace(before, figures=figures)


def _add_table(figures: DatabaseStats, name: str, moved: DatabaseStats) -> DatabaseStats:
    table = moved.tables.get(name, TableStats({}))
    unproven = {key: reason for key, reason in figures.unproven.items() if key != name}
    if name in moved.unproven:
        unproven[name] = moved.unproven[name]
    return replace(figures, tables={**figures.tables, name: table}, unproven=unproven)


def _evaluate_on_backup(context: DatabaseContext, before: Snapshot) -> MovedRows:
    """Return what the queries give on the restored backup, once a run."""
    plain = context.compute_once(
        "moves-of-the-backup", lambda: _restore_and_evaluate(context, before)
    )
    if "reason" not in plain:
        return MovedRows.from_plain(plain)
    reason = f"it was declared after {before.label}, and the backup cannot serve: {plain['reason']}"
    names = list_queries(context)
    return MovedRows(figures=DatabaseStats(unproven=dict.fromkeys(names, reason)))


def _restore_and_evaluate(context: DatabaseContext, before: Snapshot) -> dict[str, object]:
    if not context.migrations.backup.restore:
        return {"reason": "backup.restore is false"}
    try:
        with (
            open_restored_backup(context) as copy,
            open_consistent_session(
                copy.dsn, context.budget.ends, context.migrations.schemas
            ) as session,
        ):
            # What the backup lost would be lost from what is expected, too.
            for name, reason in find_foreign_tables(context, before, session).items():
                return {"reason": f"{context.display_name(name)} in it: {reason}"}
            return measure_moves(context, session, {}).to_plain()
    except (NotProven, DatabaseUnreachable) as error:
        return {"reason": str(error)}


def add_replay(
    context: DatabaseContext, scan: DatabaseScan, expected: ExpectedState
) -> DatabaseScan:
    """Return the scan with what the replay knows of new tables, and of those that are gone."""
    record = find_replay(context) if expected is ExpectedState.MIGRATED else None
    if record is None:
        return scan
    found = list_proven_moves(context, record)
    return replace(
        scan, replayed=record.new_tables, replayed_whole=record.whole_tables, found=found
    )


def find_whole_moves(context: DatabaseContext) -> dict[str, str]:
    """Return what the replay found whole under another name; nothing without a replay."""
    record = find_replay(context)
    return list_proven_moves(context, record) if record else {}

"""The questions that the gates ask of a target's rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import psycopg

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database import identity
from cutover_gates.probes.database.context import DatabaseContext, first_error_line
from cutover_gates.probes.database.rows import row_comparison
from cutover_gates.probes.database.rows.row_counts import compare_counts
from cutover_gates.probes.database.rows.rows_since_snapshot import (
    compare_retained_rows,
    list_writes_since_snapshot,
    record_new_rows,
)
from cutover_gates.probes.database.rows.snapshot_scan import (
    MIGRATED,
    RESTORED,
    DatabaseScan,
    scan_database,
)
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot
from cutover_gates.probes.database.snapshot.store import load_snapshot


def _raise_not_proven_on_refusal(
    question: Callable[[RowAssessments], Assessment],
) -> Callable[[RowAssessments], Assessment]:
    """What the database refuses on the way, such as for a lock that somebody holds, is not proven."""

    @wraps(question)
    def answer(rows: RowAssessments) -> Assessment:
        try:
            return question(rows)
        except psycopg.Error as error:
            raise NotProven(
                f"the database did not let its rows be read: {first_error_line(error)}"
            ) from None

    return answer


class RowAssessments:
    """Counts and contents against the newest snapshot.

    The database is read once for all of a run's questions, at one moment.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self._context = context

    @_raise_not_proven_on_refusal
    def assess_snapshot_capture(self) -> Assessment:
        """Take a snapshot, read it back, and see that it has everything of every table."""
        before = load_snapshot(
            Path(self._context.compute_once("rows-taken", self._take_snapshot)["path"])
        )
        tables = before.figures.tables
        proven = tuple(
            self._context.display_name(name)
            for name in tables
            if name not in before.figures.unproven
        )
        unproven = [
            f"{self._context.display_name(name)} is not whole in the snapshot: {why}."
            for name, why in before.figures.unproven.items()
        ]
        unproven += [
            f"{self._context.display_name(name)} is not in the snapshot."
            for name in self._list_table_names()
            if name not in tables
        ]
        if not any(table.counted for table in tables.values()):
            unproven.append(
                "No table holds a row, so there is nothing that could be compared later."
            )
        facts = {
            "snapshot": str(before.path and before.path.name),
            "taken": before.taken_at_text,
            "migration": before.migration,
            "rows": {
                self._context.display_name(name): table.counted for name, table in tables.items()
            },
            "left_out": dict(before.left_out),
            "seconds": round(before.figures.seconds, 1),
        }
        return self._context.record_assessment(
            Assessment("The snapshot is taken and whole", proven, (), tuple(unproven), facts)
        )

    @_raise_not_proven_on_refusal
    def assess_counts(self) -> Assessment:
        """Every table has the rows that it had, or that it is declared to have."""
        before = self._load_comparable_snapshot(contents=False)
        record_new_rows(self._context, before, self._dsn)
        return self._context.record_assessment(
            compare_counts(self._context, before, self._scan_once(before, MIGRATED))
        )

    @_raise_not_proven_on_refusal
    def assess_contents(self) -> Assessment:
        """What stood in the database stands there still, or became what it is declared to become."""
        before = self._load_comparable_snapshot()
        return self._context.record_assessment(
            row_comparison.compare_contents(
                self._context, before, self._scan_once(before, MIGRATED), self._dsn, MIGRATED
            )
        )

    @_raise_not_proven_on_refusal
    def assess_retained_rows(self) -> Assessment:
        """No row of the snapshot is gone. Its content may have been worked with since."""
        before = self._load_comparable_snapshot()
        record_new_rows(self._context, before, self._dsn)
        return self._context.record_assessment(
            compare_retained_rows(self._context, before, self._scan_once(before, MIGRATED))
        )

    @_raise_not_proven_on_refusal
    def assess_equality_with_snapshot(self) -> Assessment:
        """After a rollback: the database is the one of which the snapshot was taken."""
        before = find_newest_snapshot(self._context, rolled_back=True)
        row_comparison.require_comparable_hashes(before, self._read_server_facts())
        return self._context.record_assessment(
            row_comparison.compare_restored_contents(
                self._context, before, self._scan_once(before, RESTORED), self._dsn
            )
        )

    @_raise_not_proven_on_refusal
    def assess_writes_since_snapshot(self) -> Assessment:
        """What was acknowledged since the snapshot, and a restore of it loses."""
        before = find_newest_snapshot(self._context, rolled_back=True)
        return self._context.record_assessment(
            list_writes_since_snapshot(self._context, before, self._dsn)
        )

    @property
    def _dsn(self) -> str:
        return self._context.heavy_dsn

    def _take_snapshot(self) -> dict[str, Any]:
        return {"path": str(take_snapshot(self._context).path)}

    def _load_comparable_snapshot(self, *, contents: bool = True) -> Snapshot:
        before = find_newest_snapshot(self._context)
        row_comparison.require_same_declarations(self._context, before)
        if contents:
            row_comparison.require_comparable_hashes(before, self._read_server_facts())
        return before

    def _read_server_facts(self) -> dict[str, object]:
        with self._context.connect() as connection:
            return identity.read_server_facts(connection)

    def _scan_once(self, before: Snapshot, expected: str) -> DatabaseScan:
        return DatabaseScan.from_plain(
            self._context.compute_once(f"rows-{expected}", lambda: self._scan(before, expected))
        )

    def _scan(self, before: Snapshot, expected: str) -> dict[str, Any]:
        identity.wait_for_standby(self._context)
        return scan_database(self._context, before, self._dsn, expected).as_plain()

    def _list_table_names(self) -> list[str]:
        from cutover_gates.probes.database.measurement.consistent_session import (
            open_consistent_session,
        )
        from cutover_gates.probes.database.measurement.table_specs import read_tables

        with open_consistent_session(
            self._dsn, self._context.budget.ends, self._context.migrations.schemas
        ) as session:
            return list(read_tables(session.first, self._context.migrations.schemas)[0])

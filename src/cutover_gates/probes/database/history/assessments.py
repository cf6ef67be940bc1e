"""Whether a database has had exactly the migrations of the release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import history_record
from cutover_gates.probes.database.history.alembic_history import AlembicHistory
from cutover_gates.probes.database.history.django_history import DjangoHistory
from cutover_gates.probes.database.history.flyway_history import FlywayHistory
from cutover_gates.probes.database.history.history_record import HistoryRecord, MigrationHistory
from cutover_gates.probes.database.history.history_table import HistoryTableNotFound

_HISTORY_TYPES: dict[str, Callable[[DatabaseContext], MigrationHistory]] = {
    "flyway": FlywayHistory,
    "alembic": AlembicHistory,
    "django": DjangoHistory,
}


class HistoryAssessments:
    """What `migrations.tool` wrote about itself in the database, held against the scripts in
    `migrations.locations`.
    """

    def __init__(self, site: DatabaseContext) -> None:
        self.site = site
        self._history = _HISTORY_TYPES[site.migrations.tool](site)

    def assess_completeness(self) -> Assessment:
        """Every script of the release is applied with success, and nothing that the release does
        not have.

        Raises `NotProven` where there are no scripts to compare with.
        """
        return self._record_assessment(
            "Every migration of the release is applied", self._history.check_completeness
        )

    def assess_file_changes(self) -> Assessment:
        """What was applied is what lies on disk, to the byte, and the history was not rewritten
        since the snapshot.

        Raises `NotProven` where there are no scripts to compare with.
        """
        return self._record_assessment(
            "Every applied migration is what the release has",
            lambda: self._add_snapshot_changes(self._history.check_file_changes()),
        )

    def assess_order(self) -> Assessment:
        """The migrations were applied in the order in which they were tried, and no row was taken
        out.

        Raises `NotProven` where there are no scripts to compare with.
        """
        return self._record_assessment(
            "The migrations were applied in order",
            lambda: self._add_rank_gaps(self._history.check_order()),
        )

    def _record_assessment(self, title: str, examine: Callable[[], Assessment]) -> Assessment:
        try:
            return self.site.record_assessment(examine())
        except HistoryTableNotFound as missing:
            return self.site.record_assessment(Assessment(title, (), (str(missing),)))

    def _add_rank_gaps(self, examination: Assessment) -> Assessment:
        """Holes that the snapshot had already are older than this migration: nobody can fill them
        any more.
        """
        try:
            old = history_record.find_rank_gaps(_load_snapshot_history(self.site))
        except NotProven:
            old = set()
        new = sorted(history_record.find_rank_gaps(self._history.capture()) - old)
        findings = (
            f"the history has no row {hole}, though later ones: somebody took it out"
            for hole in new
        )
        return replace(
            examination,
            findings=(*examination.findings, *findings),
            figures={**examination.figures, "older holes": sorted(old)},
        )

    def _add_snapshot_changes(self, examination: Assessment) -> Assessment:
        now = self._history.capture()
        digests = {
            name: digest.sha256 for name, digest in now.files.items()
        }  # by which another gate knows these very scripts again
        examination = replace(examination, figures={**examination.figures, "scripts": digests})
        try:
            before = _load_snapshot_history(self.site)
        except NotProven as missing:
            return replace(
                examination,
                not_proven=(
                    *examination.not_proven,
                    f"{history_record.NO_SNAPSHOT_REASON}: {missing}",
                ),
            )
        examined = dict.fromkeys((*examination.checked, *now.files))
        return replace(
            examination,
            checked=tuple(examined),
            findings=(*examination.findings, *history_record.find_history_changes(before, now)),
        )


def capture_history(site: DatabaseContext) -> dict[str, Any]:
    """What a snapshot keeps of the history: each script's SHA-256 and checksum, and the table's
    lines. JSON-able.

    A database without a history has no lines. Raises `NotProven` where scripts or table cannot be
    read.
    """
    return _HISTORY_TYPES[site.migrations.tool](site).capture().as_plain()


def _load_snapshot_history(site: DatabaseContext) -> HistoryRecord:
    """What the snapshot before this migration kept of the history.

    Raises `NotProven` where there is none.
    """
    from cutover_gates.probes.database.snapshot.selection import (
        find_newest_snapshot,  # the snapshot records the history, so it knows this module
    )

    kept = find_newest_snapshot(site).history
    if not kept:
        raise NotProven("the snapshot has not recorded it")
    return HistoryRecord.from_plain(kept)

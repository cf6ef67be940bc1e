"""Faults of a rollback of the application alone: the schema of the new release stays."""

from __future__ import annotations

from cutover_gates.probes.database.history import rules as history_rules
from cutover_gates.probes.database.rows import rules as rows_rules
from cutover_gates.probes.database.schema import rules as schema_rules
from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.data_fault import DataFault


def keep_schema(ground: DataEnvironment) -> None:
    """Let only the application go back: the database is the migrated one, and the settings say so."""
    ground.restore_template("migrated")
    ground.rollback["database"] = "application"


class _SchemaStays(DataFault):
    item, gate = "database-rolled-back", "rollback"

    def harm(self, ground: DataEnvironment) -> None:
        keep_schema(ground)
        super().harm(ground)


class TheSchemaThatStaysIsContracted(_SchemaStays):
    """Somebody ran the last script by hand: the old release asks for a column that is gone."""

    statements = "ALTER TABLE visits DROP COLUMN state CASCADE"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "visits.state"


class AVisitIsLostWhileTheSchemaStays(_SchemaStays):
    """Nothing was restored, and yet a visit of yesterday is gone."""

    statements = "DELETE FROM visits WHERE id = (SELECT id FROM visits ORDER BY opened_at LIMIT 1)"
    breaks = (rows_rules.ROWS_RETAINED, rows_rules.KEYS)
    shows = "visits"


class TheNightStoppedHalfway(_SchemaStays):
    """The last script did not run: the old release was tried on another schema than this one."""

    statements = "DELETE FROM flyway_schema_history WHERE version = '10'"
    breaks = (history_rules.MIGRATIONS_APPLIED,)
    shows = "V10"


class NothingWasRestoredAndNobodySaidSo(DataFault):
    """The plan says that a backup is restored. The old release runs on the new schema."""

    item, gate = "database-rolled-back", "rollback"
    breaks = (schema_rules.RECORDED_SCHEMA,)
    shows = "visits.status"

    def harm(self, ground: DataEnvironment) -> None:
        keep_schema(ground)
        ground.rollback["database"] = "restored"

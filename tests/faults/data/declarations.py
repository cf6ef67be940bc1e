"""Declarations that are written to let a damaged database pass: each must stay NO-GO."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from cutover_gates.probes.database.history import rules as history_rules
from cutover_gates.probes.database.rows import rules as rows_rules
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.data_fault import DataFault


def _named(**more: Any) -> dict[str, Any]:
    return {"reason": "…", "by": "Ada Example", "at": str(datetime.now(UTC).date()), **more}


class _DeclaredAfterwards(DataFault):
    """A fault that hides behind a declaration, written after the snapshot was taken."""

    item = "content-unchanged"
    table: ClassVar[str]
    declared: ClassVar[Mapping[str, Any]]

    def harm(self, ground: DataEnvironment) -> None:
        super().harm(ground)
        tables = dict(ground.migrations["tables"])
        tables[self.table] = {**tables.get(self.table, {}), **self.declared}
        ground.migrations["tables"] = tables


class AnIgnoredColumnHidesAnother(_DeclaredAfterwards):
    """Addresses are ignored from tonight on, and the script spoiled names as well."""

    statements = "UPDATE patients SET given_name = upper(given_name) WHERE mrn LIKE '%7'"
    table, declared = "patients", _named(ignores=["address"])
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class ALossIsDeclaredByNobody(_DeclaredAfterwards):
    """The content of a table is opened after the damage, and nobody stands for it."""

    outcome = "not proven"
    statements = "UPDATE facilities SET name = upper(name)"
    table, declared = "facilities", {"content": "any", "reason": "it was so"}
    also: ClassVar[Mapping[str, str]] = {"row-counts": "the table's declaration is not proven"}
    breaks = (snapshot_rules.SAME_DECLARATIONS,)
    shows = "facilities"


class DamageIsCalledACorrection(_DeclaredAfterwards):
    """A script changed names, and the day's corrections are to explain it."""

    statements = "UPDATE facilities SET name = upper(name)"
    table = "facilities"
    declared: ClassVar[Mapping[str, Any]] = {
        "corrections": {
            "audit": "SELECT patient_id FROM audit_entries WHERE at > {since}",
            "reason": "the office works on",
        }
    }
    breaks = (rows_rules.CONTENT,)
    shows = "facilities"


class AStandstillIsClaimedWhilePeopleWorked(DataFault):
    """A rollback loses what the ward entered, and nobody lists it."""

    item, gate = "database-rolled-back", "rollback"
    statements = (
        "INSERT INTO audit_entries (username, action, allowed)"
        " VALUES ('north-ward-01', 'patient.read', true)"
    )
    breaks = (rows_rules.STANDSTILL,)
    shows = "audit_entries"

    def harm(self, ground: DataEnvironment) -> None:
        super().harm(ground)
        ground.migrations["standstill"] = _named()


class TheContractionSurvivedTheRollback(DataFault):
    """The release before is back, and its columns are gone."""

    item, gate = "database-rolled-back", "rollback"
    statements = (
        "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script,"
        " checksum, installed_by, execution_time, success) VALUES (7, '11', 'late', 'SQL',"
        " 'V11__late.sql', 1, 'owner', 1, true)"
    )
    breaks = (history_rules.POINT_NOT_PASSED,)
    shows = "V11"

    def harm(self, ground: DataEnvironment) -> None:
        super().harm(ground)
        ground.migrations["point_of_no_return"] = "10"


class AProgramDidNotMigrate(DataFault):
    """The program that migrates stopped before its end: its own version is the old one."""

    item = "migrations-applied"
    breaks = (history_rules.MIGRATIONS_APPLIED,)
    shows = "11"
    also: ClassVar[Mapping[str, str]] = {
        "migration-verified": "a program's schema is known by a recorded catalog only"
    }

    def harm(self, ground: DataEnvironment) -> None:
        query = (
            "SELECT version FROM public.flyway_schema_history WHERE version IS NOT NULL ORDER BY"
            " installed_rank"
        )
        ground.migrations.update(
            tool="custom",
            version_query=query,
            version="11",
            history_table="flyway_schema_history",
        )

"""A server of one version, and on it the foreign hospital before and after its migration.

What takes long (rows, backup, snapshot, migration) is done once. Each test harms a copy.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from cutover_gates.config.migrations import Migrations
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.gate_steps import Budget
from cutover_gates.probes.database.scratch import scratch_cluster
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from tests.foreign_schema.declarations import TABLES
from tests.foreign_schema.foreign_hospital import (
    BEFORE,
    DATABASE,
    HERE,
    READER,
    RELEASE,
    SCHEMAS,
    TARGET,
    ForeignHospital,
    migrate_database,
    read_statements,
)

_READER = f"""
DROP ROLE IF EXISTS {READER};
CREATE ROLE {READER} LOGIN PASSWORD 'gate' BYPASSRLS;
GRANT pg_read_all_data, pg_monitor TO {READER};
"""

_ROLES_AS_BEFORE = "ALTER ROLE ehr_app NOBYPASSRLS; ALTER ROLE ehr_app RESET ALL"
"""Roles belong to the server: what a fault does to them outlives its database."""


@dataclass(frozen=True)
class ForeignServer:
    """`admin` is a superuser's DSN; `scratch` a server for databases that are thrown away."""

    admin: str = field(repr=False)
    scratch: str = field(repr=False)
    major: int
    folder: Path
    script: str = ""
    """The first script of the release before, where there is one more."""

    by_hand: str = ""
    """What stands in its database, and in no script."""

    declared: Mapping[str, Any] = field(default_factory=dict)
    """Settings of `[targets.tried.migrations]` beside those of all."""

    def hospital(self, folder: Path, state: str = "migrated") -> ForeignHospital:
        """Return the hospital in a state, with scripts, backup and snapshot of its own."""
        hospital = self._make(folder)
        shutil.copy2(self._past.backup, hospital.backup)
        shutil.copytree(self._past.folder / "snapshots", folder / "reports/snapshots" / TARGET)
        hospital.execute(_ROLES_AS_BEFORE, "postgres")
        hospital.copy(state)
        return hospital

    def lay(self) -> None:
        """Make the databases `before` and `migrated`, and the backup and snapshot between them."""
        hospital = self._make(self.folder / "past")
        hospital.execute(read_statements("roles.sql") + _READER, "postgres")
        make_release_before(hospital)
        if self.by_hand:
            hospital.execute(self.by_hand)
        hospital.back_up()
        take_snapshot(context_of(hospital))
        hospital.copy(DATABASE, "before")
        migrate_database(hospital, DATABASE)
        hospital.execute("ANALYZE")
        hospital.copy(DATABASE, "migrated")

    @property
    def _past(self) -> ForeignHospital:
        return self._describe(self.folder / "past")

    def _make(self, folder: Path) -> ForeignHospital:
        hospital = self._describe(folder)
        copy_scripts(hospital.scripts)
        if self.script:
            (hospital.scripts / "V0__first.sql").write_text(self.script, encoding="utf-8")
        return hospital

    def _describe(self, folder: Path) -> ForeignHospital:
        reader = make_conninfo(self.admin, user=READER, password="gate")
        settings = {
            **declare_migrations(folder),
            "scratch": {"kind": "server", "dsn_file": str(folder / "scratch-dsn")},
            **self.declared,
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scratch-dsn").write_text(self.scratch, encoding="utf-8")
        return ForeignHospital(self.admin, reader, self.major, folder, settings)


def copy_scripts(folder: Path) -> None:
    """Put the scripts of both releases into one folder, as the new release brings them."""
    folder.mkdir(parents=True)
    for script in (*HERE.glob("before/*.sql"), *HERE.glob("release/*.sql")):
        shutil.copy2(script, folder)


def make_release_before(hospital: ForeignHospital) -> None:
    """Make the database of the release before, with years of work in it."""
    hospital.copy("template0")
    migrate_database(hospital, DATABASE, BEFORE)
    hospital.execute(read_statements("rows.sql"))


def declare_migrations(folder: Path) -> dict[str, Any]:
    """Return `[targets.tried.migrations]`: all that this hospital has to declare."""
    return {
        "locations": [str(folder / "scripts")],
        "schemas": list(SCHEMAS),
        "history_table": "public.flyway_schema_history",
        "standbys": 0,
        "archived": False,
        "backup": {"path": str(folder / "ehr.dump")},
        "tables": TABLES,
    }


def context_of(hospital: ForeignHospital) -> DatabaseContext:
    """Return the hospital's database as the package sees it, to take a snapshot of."""
    folder = hospital.folder
    return DatabaseContext(
        TARGET,
        RELEASE,
        SecretStr(make_conninfo(hospital.reader, dbname=DATABASE)),
        DatabaseSettings(),
        Migrations.model_validate(hospital.settings),
        folder,
        folder / "snapshots",
        folder / "runs",
        folder / "once",
        Budget(time.time() + 300),
    )


@contextmanager
def foreign_server(major: int, folder: Path, **odd: Any) -> Iterator[ForeignServer]:
    """Run both servers, with a hospital that is `odd` in some way (`script`, `by_hand`, …).

    Raises `NotProven` where this version is not on the machine.
    """
    with (
        scratch_cluster.run_cluster(major, 60) as admin,
        scratch_cluster.run_cluster(major, 60) as scratch,
    ):
        server = ForeignServer(admin, scratch, major, folder, **odd)
        server.lay()
        yield server

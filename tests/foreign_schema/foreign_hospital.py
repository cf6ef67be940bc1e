"""A hospital by somebody else: its database at a moment, its backup, and the gates that judge it.

The scripts, the rows and the faults are SQL beside this module. They were written before anybody
looked at what the package reads, and know nothing of it.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program
from reference import migrate
from tests.faults import gate_runs
from tests.faults.results import Verdict

HERE = Path(__file__).parent
DATABASE, TARGET, RELEASE = "ehr", "tried", "2.0.0"
READER = "ehr_gate"
BEFORE = 5
"""The version of the release before: what stands in `before/`."""
SCHEMAS = ("adt", "lab", "rx", "bill", "sec")


@dataclass(frozen=True)
class ForeignHospital:
    """`admin` is a superuser's DSN, `reader` one of the gate; `major` is the server's version."""

    admin: str = field(repr=False)
    reader: str = field(repr=False)
    major: int
    folder: Path
    settings: dict[str, Any]

    @property
    def scripts(self) -> Path:
        """The folder with the scripts of both releases, as the new release brings them."""
        return self.folder / "scripts"

    @property
    def backup(self) -> Path:
        """Where the gate finds the backup."""
        return self.folder / "ehr.dump"

    def dsn(self, database: str = DATABASE) -> str:
        """Return the superuser's DSN of a database."""
        return make_conninfo(self.admin, dbname=database)

    def execute(self, statements: str, database: str = DATABASE) -> None:
        """Run statements as a superuser, each in a transaction of its own."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            connection.execute(statements.encode())

    def copy(self, template: str, database: str = DATABASE) -> None:
        """Make a database anew from another one."""
        self._to_server("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)
        self._to_server("CREATE DATABASE {} TEMPLATE {}", database, template)

    def declare(self, **changes: Any) -> ForeignHospital:
        """Return the same hospital with other settings of `[targets.tried.migrations]`."""
        return replace(self, settings={**self.settings, **changes})

    def back_up(self, *options: str) -> None:
        """Dump the database as an archive, where the gate finds it."""
        command = [self._client("pg_dump"), "--format=custom", f"--file={self.backup}"]
        subprocess.run([*command, *options, self.dsn()], check=True, timeout=60)

    def restore(self, *options: str) -> None:
        """Drop the database, and make it anew from the backup, as its rollback does."""
        self.copy("template0")
        command = [self._client("pg_restore"), "--exit-on-error", f"--dbname={self.dsn()}"]
        subprocess.run([*command, *options, str(self.backup)], check=True, timeout=60)
        self.execute("ANALYZE")

    def run_gate(self, gate: str, *options: str, seconds: float = 120) -> Verdict:
        """Return the verdict of the gate's checks of the database, in a process of its own."""
        config = self.folder / "cutover.toml"
        config.write_text(
            f'target = "{TARGET}"\n[targets.{TARGET}]\nurl = "http://127.0.0.1:9"\n'
            f'release = "{RELEASE}"\n'
        )
        start = f"CUTOVER_TARGETS__{TARGET.upper()}__"
        told = {
            f"{start}DATABASE__DSN": make_conninfo(self.reader, dbname=DATABASE),
            f"{start}MIGRATIONS": json.dumps(self.settings),
        }
        words = (gate if gate == "phase1" else f"{gate} and migrations", config, told)
        compiled = self.folder.parent / "compiled"
        return gate_runs.run_gate(*words, compiled, *options, seconds=seconds)

    def _client(self, program: str) -> str:
        return str(find_client_program(program, self.major))

    def _to_server(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def read_statements(name: str) -> str:
    """Return a file of SQL that stands beside this module."""
    return (HERE / name).read_text(encoding="utf-8")


def migrate_database(hospital: ForeignHospital, database: str, to: int | None = None) -> None:
    """Apply the scripts up to a version, and write the history, as Flyway does."""
    migrate.migrate(hospital.dsn(database), to, hospital.scripts)

"""The ground that a fault may harm: a hospital's database at one moment, its backup, its snapshot,
its scripts; and the gate that judges it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from reference import installation, postgres
from tests.faults import gate_runs
from tests.faults.data.watched_night import write_watched_minute
from tests.faults.results import Verdict

NAME, TARGET, RELEASE = "hospital", "tried", "2.0.0"


@dataclass(frozen=True)
class DataEnvironment:
    """`dsn` is a superuser's; `scratch` leads to the server for databases that are thrown away;
    `migrations` are the target's settings.
    """

    server: postgres.Server
    scratch: str = field(repr=False)
    folder: Path
    compiled: Path
    scripts: Path
    backup: Path
    migrations: dict[str, Any]

    @property
    def dsn(self) -> str:
        return self.server.dsn(NAME)

    def run(self, statements: str) -> None:
        """Run statements as the database's owner, in one transaction."""
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statements.encode())

    def restore_template(self, template: str) -> None:
        """Make the hospital's database anew from a template."""
        remove(self.server, NAME)
        self.server.copy(template, NAME)

    def dump(self, *options: str, database: str = NAME) -> Path:
        """Another backup beside the one that the gate will find, by `pg_dump` with these options."""
        path = self.backup.with_suffix(".other")
        subprocess.run(
            [
                installation.binaries() / "pg_dump",
                f"--dbname={self.server.dsn(database)}",
                f"--file={path}",
                *options,
            ],
            check=True,
        )
        return path

    def put(self, backup: Path) -> None:
        """Lay it where the gate finds the backup."""
        shutil.move(backup, self.backup)

    def run_gate(self, gate: str, *options: str, seconds: float = 90) -> Verdict:
        """The gate's verdict, as a user would come to it."""
        config = self.folder / "cutover.toml"
        config.write_text(
            f'target = "{TARGET}"\n[targets.{TARGET}]\nurl = "http://127.0.0.1:9"\nrelease ='
            f' "{RELEASE}"\n',
            encoding="utf-8",
        )
        start = f"CUTOVER_TARGETS__{TARGET.upper()}__"
        secret = self.folder / "scratch-dsn"
        secret.write_text(self.scratch, encoding="utf-8")
        migrations = {**self.migrations, "scratch": {"kind": "server", "dsn_file": str(secret)}}
        told = {
            f"{start}DATABASE__DSN": self.server.dsn(NAME, postgres.READER),
            f"{start}MIGRATIONS": json.dumps(migrations),
        }
        if gate.startswith("post"):
            record = self.folder / "reports" / "watch" / TARGET
            told[f"{start}WATCH"] = write_watched_minute(record, RELEASE)
        return gate_runs.run_gate(
            gate if gate == "phase1" else f"{gate} and migrations",
            config,
            told,
            self.compiled,
            *options,
            seconds=seconds,
        )


def remove(server: postgres.Server, *databases: str) -> None:
    """Drop those of them that are there."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        known = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
    for database in known & set(databases):
        server.drop(database)

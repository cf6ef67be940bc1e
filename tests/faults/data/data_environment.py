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
CONNECTIONS = {"pool": 10, "old": 1, "new": 1, "surge": 1, "users": [postgres.APPLICATION]}
"""The connections of a rollout, which fit into those of the server."""
_NOT_STARTED = {
    "value": False,
    "reason": "only the faults of the release before start it: that takes long",
    "by": "Ada Example",
    "at": "2026-11-30",
}


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
    previous: dict[str, Any] = field(default_factory=dict)
    """`[targets.NAME.previous]`, at the gate that asks for it."""
    connections: dict[str, Any] = field(default_factory=lambda: dict(CONNECTIONS))
    rollback: dict[str, Any] = field(default_factory=dict)
    """`[targets.NAME.rollout.rollback]`."""

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

    def run_gate(
        self, gate: str, *options: str, seconds: float = 90, plan: Path | None = None
    ) -> Verdict:
        """The gate's verdict, as a user would come to it; `plan` stands in for the shipped one."""
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
            f"{start}ROLLOUT": json.dumps(
                {"connections": self.connections, "rollback": self.rollback}
            ),
        }
        if gate.startswith("post"):
            record = self.folder / "reports" / "watch" / TARGET
            told[f"{start}WATCH"] = write_watched_minute(record, RELEASE)
        if plan:
            told["CUTOVER_PLAN"] = str(plan)
        if self.previous:
            told[f"{start}PREVIOUS"] = json.dumps(self.previous)
        elif gate == "t24":
            told[f"{start}CAPABILITIES"] = json.dumps({"release-before": _NOT_STARTED})
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

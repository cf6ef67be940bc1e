"""Two servers, and on one of them a hospital before and after its cutover, with the backup and the
snapshot from before.

The database is always called `hospital`: a snapshot is bound to that name. What takes long (backup,
snapshot, migration) is done once, and anew only for a fault that wants another hospital
(`DataFault.before`).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg
from pydantic import SecretStr

from cutover_gates.config.migrations import Migrations
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import Budget, DatabaseContext
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import announcement, cutover, postgres, stages, template
from tests.faults import serve
from tests.faults.data.data_environment import NAME, RELEASE, TARGET, DataEnvironment, remove
from tests.faults.data.data_fault import DataFault
from tests.integration.database.contexts import declared_migrations

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "reference/database/migrations"
STATE_AT = {
    "t12": "before",
    "t24": "before",
    "phase1": "migrated",
    "rollback": "before",
    "post": "migrated",
}
"""What the hospital's database is at a gate: a template's name."""


@dataclass(frozen=True)
class Past:
    """What was kept of the hospital before its cutover."""

    backup: Path
    snapshots: Path


@dataclass
class DatabaseServers:
    """The two servers, and the past of an ordinary hospital."""

    server: postgres.Server
    scratch: postgres.Server
    folder: Path
    past: Past = field(init=False)

    def __post_init__(self) -> None:
        self.past = self._lay(None, self.folder / "past")

    @contextmanager
    def ground(
        self, fault: type[DataFault] | None, gate: str, folder: Path
    ) -> Iterator[DataEnvironment]:
        """The hospital at a gate, to be harmed and judged.

        Everything in it is a copy: what one fault harms, the next one finds whole.
        """
        before = fault.before if fault else None
        past = self._lay(before, folder / "past") if before else self.past
        try:
            yield self._ground(past, gate, folder)
        finally:
            if before:
                shutil.rmtree(self.folder / "past")
                self.past = self._lay(None, self.folder / "past")

    def _lay(self, before: str | None, folder: Path) -> Past:
        """Lay the templates anew, `before` run on the first one, and make backup and snapshot of
        it.
        """
        remove(self.server, "before", "migrated", NAME)
        stages.copy_release_before(self.server, NAME)
        if before:
            with psycopg.connect(self.server.dsn(NAME)) as connection:
                connection.execute(before.encode())
        folder.mkdir(parents=True)
        backup = Path(shutil.move(stages.back_up(self.server, NAME), folder / "hospital.dump"))
        take_snapshot(_site(self.server.dsn(NAME), folder))
        self.server.copy(NAME, "before")
        cutover.perform(self.server, NAME, announcement.accounts(), serve.HASHING)
        self.server.copy(NAME, "migrated")
        return Past(backup, folder / "snapshots" / TARGET)

    def _ground(self, past: Past, gate: str, folder: Path) -> DataEnvironment:
        scripts = Path(shutil.copytree(SCRIPTS, folder / "scripts"))
        backup = Path(shutil.copy2(past.backup, folder / "hospital.dump"))
        shutil.copytree(past.snapshots, folder / "reports" / "snapshots" / TARGET)
        night = {
            **declared_migrations()["rehearsal"],
            "lock_seconds": 5,
        }  # on a busy machine one second is too short for what is not harmed
        migrations = {
            **declared_migrations(),
            "rehearsal": night,
            "locations": [str(scripts)],
            "backup": {"path": str(backup)},
            "staging": TARGET,
        }
        ground = DataEnvironment(
            self.server,
            self.scratch.dsn("postgres"),
            folder,
            self.folder / "compiled",
            scripts,
            backup,
            migrations,
        )
        if gate == "t24":
            shutil.copytree(
                self._verdict_of_phase1, folder / "reports" / "runs" / self._verdict_of_phase1.name
            )
        ground.restore_template(STATE_AT[gate])
        return ground

    @cached_property
    def _verdict_of_phase1(self) -> Path:
        """What a gate the day before wants to see: the run of Phase 1 on staging.

        Ours plays staging, too.
        """
        folder = self.folder / "staging"
        folder.mkdir()
        verdict = self._ground(self.past, "phase1", folder).run_gate("phase1")
        if verdict.status != 0:
            raise AssertionError(f"staging is not whole:\n{verdict.output}")
        return next((folder / "reports" / "runs").iterdir())


@contextmanager
def database_servers(folder: Path) -> Iterator[DatabaseServers]:
    """Both servers: about six seconds."""
    with (
        postgres.run_cluster(template.ensure_cluster()) as server,
        postgres.run_empty_cluster() as (scratch, _),
    ):
        yield DatabaseServers(server, scratch, folder)


def _site(dsn: str, folder: Path) -> DatabaseContext:
    """The hospital's database, to take a snapshot of."""
    settings = Migrations.model_validate({**declared_migrations(), "locations": [str(SCRIPTS)]})
    return DatabaseContext(
        TARGET,
        RELEASE,
        SecretStr(dsn),
        DatabaseSettings(),
        settings,
        folder,
        folder / "snapshots" / TARGET,
        folder / "runs",
        folder / "once",
        Budget(time.time() + 120),
    )

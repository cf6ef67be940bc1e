"""Two servers, and on one of them a hospital before and after its cutover, with the backup and the
snapshot from before.

The database is always called `hospital`: a snapshot is bound to that name. What takes long (backup,
snapshot, migration) is done once, and anew only for a fault that wants another hospital
(`DataFault.before`).
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from cutover_gates.config.migrations import Migrations
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.gate_steps import Budget
from cutover_gates.probes.database.replay.replay_record import save_record
from cutover_gates.probes.database.replay.replay_run import replay_scripts
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import announcement, postgres, stages, template
from reference.previous_release import describe_previous_release
from tests.faults.data.billing_nights import NIGHTS
from tests.faults.data.data_environment import NAME, RELEASE, TARGET, DataEnvironment, remove
from tests.faults.data.data_fault import DataFault
from tests.faults.data.hospital_stages import (
    REFERENCE,
    copy_scripts,
    declared_changes,
    perform_cutover,
    prepare,
)

ORDINARY = (REFERENCE, None)
"""The reference as it is, before its cutover."""
STATE_AT = {
    "t12": "before",
    "t24": "before",
    "phase1": "migrated",
    "rollback": "before",
    "post": "migrated",
    "post-week": "migrated",
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
    state: tuple[str, str | None] = field(init=False, default=ORDINARY)

    def __post_init__(self) -> None:
        self.past = self._lay(ORDINARY, self.folder / "past")

    @contextmanager
    def ground(
        self,
        fault: type[DataFault] | None,
        gate: str,
        folder: Path,
        hospital: str = REFERENCE,
        *,
        starts_previous: bool = False,
    ) -> Iterator[DataEnvironment]:
        """The hospital at a gate, to be harmed and judged.

        Everything in it is a copy: what one fault harms, the next one finds whole.
        """
        state = (fault.hospital, fault.before) if fault else (hospital, None)
        # Faults of one hospital follow on each other, so its past is seldom made anew.
        if state != self.state:
            shutil.rmtree(self.folder / "past")
            self.past, self.state = self._lay(state, self.folder / "past"), state
        try:
            is_started = fault.starts_previous if fault else starts_previous
            yield self._ground(state[0], gate, folder, with_previous=is_started)
        finally:
            if fault and fault.undo:
                with psycopg.connect(self.server.dsn(NAME), autocommit=True) as connection:
                    connection.execute(fault.undo.encode())

    def _lay(self, state: tuple[str, str | None], folder: Path) -> Past:
        """Lay the templates anew, `before` run on the first one, and make backup and snapshot of
        it.
        """
        hospital, before = state
        remove(self.server, "before", "migrated", NAME)
        folder.mkdir(parents=True)
        scripts = copy_scripts(hospital, folder / "scripts")
        prepare(hospital, self.server, NAME, scripts)
        if before:
            with psycopg.connect(self.server.dsn(NAME)) as connection:
                connection.execute(before.encode())
        backup = Path(shutil.move(stages.back_up(self.server, NAME), folder / "hospital.dump"))
        site = _site(hospital, self.server.dsn(NAME), folder, scripts)
        take_snapshot(site)
        if hospital in NIGHTS and NIGHTS[hospital].is_replayed:
            self._replay(site, backup)
        self.server.copy(NAME, "before")
        perform_cutover(hospital, self.server, NAME, scripts)
        self.server.copy(NAME, "migrated")
        return Past(backup, folder / "snapshots" / TARGET)

    def _replay(self, site: DatabaseContext, backup: Path) -> None:
        """Run the scripts on the backup, as the gate of t12 does."""
        declared = {"backup": {"path": str(backup)}, "scratch": {"kind": "server"}}
        migrations = {**site.migrations.model_dump(by_alias=True), **declared}
        scratch = SecretStr(self.scratch.dsn("postgres"))
        settings = Migrations.model_validate(migrations)
        site = replace(site, migrations=settings, scratch_dsn=scratch)
        save_record(site, replay_scripts(site))

    def _ground(
        self, hospital: str, gate: str, folder: Path, *, with_previous: bool = False
    ) -> DataEnvironment:
        past, declared = self.past, declared_changes(hospital)
        scripts = copy_scripts(hospital, folder / "scripts")
        backup = Path(shutil.copy2(past.backup, folder / "hospital.dump"))
        shutil.copytree(past.snapshots, folder / "reports" / "snapshots" / TARGET)
        night = {
            **declared["rehearsal"],
            "lock_seconds": 5,
        }  # on a busy machine one second is too short for what is not harmed
        migrations = {
            **declared,
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
            describe_previous(folder) if with_previous else {},
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
        verdict = self._ground(REFERENCE, "phase1", folder).run_gate("phase1")
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


def describe_previous(folder: Path) -> dict[str, Any]:
    """How the release before is started, with accounts of its own."""
    staff = announcement.accounts()
    described = describe_previous_release(folder / "previous", staff, secrets.token_hex(32))
    users = {}
    for account in staff:
        file = folder / "previous" / account.username
        file.write_text(account.password, encoding="utf-8")
        users[account.username] = {"username": account.username, "password_file": str(file)}
    return {**described, "differs": {**described["differs"], "users": users}}


def _site(hospital: str, dsn: str, folder: Path, scripts: Path) -> DatabaseContext:
    """The hospital's database, to take a snapshot of."""
    settings = Migrations.model_validate(
        {**declared_changes(hospital), "locations": [str(scripts)]}
    )
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

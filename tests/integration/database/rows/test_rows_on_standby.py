"""Heavy reads on a real standby, which must have replayed everything that the target has."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.rules import CURRENT_STANDBY
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import installation, postgres
from tests.findings import list_breaches, raises_gap
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rows.conftest import StartCutover


@pytest.fixture(scope="module")
def standby(server: postgres.Server) -> Iterator[int]:
    """Start a second server that follows the first, and give its port."""
    with installation.claim() as place:
        subprocess.run(
            [
                installation.binaries() / "pg_basebackup",
                "--pgdata",
                place.data,
                "--dbname",
                server.dsn("postgres"),
                "--checkpoint=fast",
                "--write-recovery-conf",
            ],
            check=True,
            capture_output=True,
        )
        installation.hand_over(place.data)
        user, port = installation.postgres_user(), _free_port()
        running = subprocess.Popen(
            [
                installation.binaries() / "postgres",
                "-D",
                place.data,
                "-c",
                f"port={port}",
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "max_connections=200",
            ],
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await(make_conninfo(server.dsn("postgres"), port=port))
            yield port
        finally:
            running.terminate()
            running.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(dsn: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), psycopg.connect(dsn):
            return
        time.sleep(0.05)
    raise AssertionError("the standby did not start")


@pytest.fixture
def followed(server: postgres.Server, standby: int, tmp_path: Path) -> Iterator[DatabaseContext]:
    """A database whose heavy reads go to the standby."""
    server.copy(BEFORE, "followed")
    on_standby = make_conninfo(server.dsn("followed"), port=standby)
    _await(on_standby)
    yield replace(
        make_database_context(server.dsn("followed"), tmp_path), standby=SecretStr(on_standby)
    )
    server.drop("followed")


def _paused(context: DatabaseContext, pause: bool) -> None:
    assert context.standby is not None
    with psycopg.connect(context.standby.get_secret_value(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_wal_replay_pause()" if pause else "SELECT pg_wal_replay_resume()"
        )


def test_it_is_read_once_it_has_caught_up(followed: DatabaseContext) -> None:
    take_snapshot(followed)
    with psycopg.connect(followed.dsn.get_secret_value(), autocommit=True) as connection:
        connection.execute("DELETE FROM visits WHERE id = (SELECT min(id::text)::uuid FROM visits)")
    found = RowAssessments(followed).assess_counts()
    assert list_breaches(found) == [(rules.ROW_COUNT, "visits")]


def test_one_that_lags_proves_nothing(followed: DatabaseContext) -> None:
    take_snapshot(followed)
    late = replace(
        followed, migrations=followed.migrations.model_copy(update={"standby_lag_seconds": 1})
    )
    _paused(followed, True)
    try:
        with psycopg.connect(followed.dsn.get_secret_value(), autocommit=True) as connection:
            connection.execute(
                "DELETE FROM visits WHERE id = (SELECT min(id::text)::uuid FROM visits)"
            )
        with pytest.raises(NotProven, match="did not catch up within 1 s"):
            RowAssessments(late).assess_counts()
    finally:
        _paused(followed, False)


def test_a_server_that_follows_nobody_is_no_standby(
    start_cutover: StartCutover, spare: CopyDatabase
) -> None:
    cutover_database = start_cutover()
    with raises_gap(CURRENT_STANDBY):
        RowAssessments(
            replace(cutover_database.context, standby=SecretStr(spare(BEFORE)))
        ).assess_contents()


def test_a_snapshot_taken_on_it_serves_the_target(followed: DatabaseContext) -> None:
    take_snapshot(followed)
    assert_passed(RowAssessments(replace(followed, standby=None)).assess_contents())

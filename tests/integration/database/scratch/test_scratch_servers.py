"""Scratch databases have the target's locale and major version, and are removed with the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from cutover_gates.config.base import SettingsError
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch import rules
from cutover_gates.probes.database.scratch.postgres_binaries import (
    find_client_program,
    find_server_programs,
    list_versions,
)
from cutover_gates.probes.database.scratch.scratch_directory import is_abandoned
from cutover_gates.probes.database.scratch.scratch_server import scratch_server
from tests.findings import raises_gap
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import ROOT, make_database_context

HERE = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
LOCALE = (
    "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale FROM pg_database WHERE datname"
    " = current_database()"
)
A_RUN = """
import sys, time, pathlib
from tests.integration.database.contexts import make_database_context
from cutover_gates.probes.database.scratch.scratch_server import scratch_server
context = make_database_context("host=127.0.0.1 port=1 user=nobody", pathlib.Path(sys.argv[1]))
with scratch_server(context, 18) as server:
    print(server.create_database(), flush=True)
    time.sleep(60)
"""


def test_a_scratch_database_is_empty_and_in_the_targets_locale(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    context = make_database_context(spare(BEFORE), tmp_path)
    with (
        scratch_server(context, 18) as server,
        psycopg.connect(server.create_database()) as scratch,
        context.connect() as target,
    ):
        assert scratch.info.server_version // 10000 == 18
        wanted = target.execute(LOCALE).fetchone()
        assert wanted is not None
        assert scratch.execute(LOCALE).fetchone() == tuple(wanted.values())
        assert scratch.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchone() == (0,)
        assert scratch.execute("SHOW transaction_read_only").fetchone() == ("off",)


def test_a_restore_writes_no_log_that_nobody_reads(tmp_path: Path) -> None:
    """A table that is made and filled in one transaction leaves next to nothing in the log."""
    with (
        scratch_server(_silent(tmp_path), 18) as server,
        psycopg.connect(server.create_database(), autocommit=True) as scratch,
    ):
        before = scratch.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        with scratch.transaction():
            scratch.execute("CREATE TABLE t AS SELECT generate_series(1, 100000) AS n")
        written = scratch.execute(
            "SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", before
        ).fetchone()
    assert written is not None
    assert written[0] < 1_000_000


@pytest.mark.parametrize("major", sorted(set(list_versions("initdb"))))
def test_each_version_on_this_machine_serves_its_targets(major: int, tmp_path: Path) -> None:
    with (
        scratch_server(_silent(tmp_path), major) as server,
        psycopg.connect(server.create_database()) as scratch,
    ):
        assert scratch.info.server_version // 10000 == major


def test_a_version_that_is_not_here_is_not_replaced_by_another(tmp_path: Path) -> None:
    with (
        raises_gap(rules.SCRATCH_SERVER) as raised,
        scratch_server(_silent(tmp_path), 13),
    ):
        pytest.fail("another version was started")
    assert raised.value.gaps[0].subject == "PostgreSQL 13"


def test_roles_that_a_script_grants_to_are_made(tmp_path: Path) -> None:
    with scratch_server(_silent(tmp_path), 18) as server:
        with psycopg.connect(
            server.create_database(roles=["hospital_app", 'Odd "name"', "pg_monitor", "postgres"])
        ) as scratch:
            scratch.execute('CREATE TABLE t (); GRANT SELECT ON t TO hospital_app, "Odd ""name"""')
        server.create_database(roles=["hospital_app"])


def test_a_dropped_database_is_gone_and_only_what_was_made_here_is_dropped(tmp_path: Path) -> None:
    with scratch_server(_silent(tmp_path), 18) as server:
        dsn = server.create_database()
        server.drop_database(dsn)
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(dsn)
        with pytest.raises(ValueError, match="only what this scratch server made"):
            server.drop_database(f"{dsn} dbname=postgres")


def test_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    with scratch_server(_silent(tmp_path), 18) as server:
        directory = _directory(server.create_database())
        assert directory.exists()
    assert not directory.exists()


def test_a_run_that_is_killed_leaves_no_server_and_no_data(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", A_RUN, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=HERE,
    )
    assert run.stdout is not None
    dsn = run.stdout.readline().strip()
    psycopg.connect(dsn).close()
    assert not is_abandoned(_directory(dsn))
    run.send_signal(signal.SIGKILL)
    run.communicate()
    deadline = time.monotonic() + 10
    while _directory(dsn).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _directory(dsn).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)


def test_a_given_server_is_used_and_left_as_it_was(given: str, tmp_path: Path) -> None:
    with scratch_server(_with_scratch(tmp_path, given), 18) as server:
        dsn = server.create_database(roles=["cutover_test_role"])
        assert str(conninfo_to_dict(dsn)["dbname"]).startswith("cutover_scratch_")
        with psycopg.connect(dsn) as scratch:
            scratch.execute("CREATE TABLE t (); GRANT SELECT ON t TO cutover_test_role")
    assert _left(given) == []


def test_what_a_killed_run_left_on_a_given_server_is_dropped_and_what_a_living_one_uses_is_not(
    given: str, tmp_path: Path
) -> None:
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute("CREATE DATABASE cutover_scratch_0123456789ab_1")
        connection.execute(
            "CREATE ROLE left_behind NOLOGIN; COMMENT ON ROLE left_behind IS"
            " 'cutover_scratch_0123456789ab'"
        )
    with scratch_server(_with_scratch(tmp_path, given), 18) as first:
        dsn = first.create_database()
        with scratch_server(_with_scratch(tmp_path, given), 18):
            assert _left(given) == [conninfo_to_dict(dsn)["dbname"]]
        psycopg.connect(dsn).close()


def test_the_targets_own_server_is_never_a_scratch_server(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    target = spare(BEFORE)
    for same in (target, target.replace("127.0.0.1", "localhost")):
        with (
            pytest.raises(SettingsError, match="it is the target's own server"),
            scratch_server(_with_scratch(tmp_path, same, target), 18),
        ):
            pytest.fail("databases would have been made on the target")


def test_a_given_server_of_another_version_is_refused(given: str, tmp_path: Path) -> None:
    with (
        raises_gap(rules.SCRATCH_SERVER) as raised,
        scratch_server(_with_scratch(tmp_path, given), 16),
    ):
        pytest.fail("another version was used")
    assert raised.value.gaps[0].actual == "it is PostgreSQL 18, and the target is 16"


def test_a_given_server_without_a_dsn_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    context = make_database_context("host=127.0.0.1 port=1", tmp_path, scratch={"kind": "server"})
    with pytest.raises(SettingsError, match="missing"), scratch_server(context, 18):
        pytest.fail("which server was used?")


def test_a_silent_scratch_server_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    context = _with_scratch(tmp_path, "host=127.0.0.1 port=1 user=me password=so-secret")
    with raises_gap(rules.SCRATCH_SERVER) as refused, scratch_server(context, 18):
        pytest.fail("nobody is there")
    assert "so-secret" not in str(refused.value)


def test_a_client_program_is_of_the_version_or_the_next_higher_one() -> None:
    assert _version(find_client_program("pg_restore", 16)) == _version(
        find_server_programs(16) / "pg_restore"
    )
    assert _version(find_client_program("pg_restore", 17)) == _version(
        find_server_programs(18) / "pg_restore"
    )
    with raises_gap(rules.CLIENT_PROGRAM):
        find_client_program("pg_restore", 99)


def _version(program: Path) -> str:
    """Return the version of a program.

    Its folder says nothing: a server's programs may be copies that its user can read.
    """
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout


def _silent(folder: Path) -> DatabaseContext:
    """Return the context of a target that does not answer."""
    return make_database_context("host=127.0.0.1 port=1 user=nobody", folder)


def _with_scratch(
    folder: Path, scratch: str, target: str = "host=127.0.0.1 port=1 user=nobody"
) -> DatabaseContext:
    return replace(
        make_database_context(target, folder, scratch={"kind": "server"}),
        scratch_dsn=SecretStr(scratch),
    )


def _directory(dsn: str) -> Path:
    return Path(str(conninfo_to_dict(dsn)["host"])).parent


def _left(server: str) -> list[str]:
    with psycopg.connect(server) as connection:
        return [
            name
            for (name,) in connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'cutover_scratch%' UNION ALL"
                " SELECT rolname FROM pg_roles WHERE rolname IN ('left_behind',"
                " 'cutover_test_role')"
            )
        ]

"""Restoring where the scratch server is older, less willing, or not ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from cutover.database.backup import Backups
from cutover.database.scratch.embedded import cluster
from cutover.matchers import sound
from tests.database.backup import dumps
from tests.database.conftest import BEFORE, Spare
from tests.database.sites import site_of


@pytest.mark.parametrize("kind", ["custom", "inserts"])
def test_a_target_of_an_older_version_is_restored_into_that_version(
    kind: str, tmp_path: Path
) -> None:
    with cluster(16, 30) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "CREATE TABLE patients (id int PRIMARY KEY, name text); INSERT INTO patients VALUES"
                " (1, 'x')"
            )
        path = dumps.of_kind(kind, dsn, tmp_path, major=16)
        sound(Backups(site_of(dsn, tmp_path, backup={"path": str(path)})).restores_to_equal_data())


def test_an_empty_database_proves_nothing(tmp_path: Path) -> None:
    with cluster(18, 30) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE patients (id int PRIMARY KEY, name text)")
        found = Backups(
            site_of(dsn, tmp_path, backup={"path": str(dumps.archive(dsn, tmp_path))})
        ).restores_to_equal_data()
        assert "No table of the target holds a row" in found.unproven[0]


def test_a_given_server_whose_role_is_no_superuser_will_do(spare: Spare, tmp_path: Path) -> None:
    dsn = spare(BEFORE)
    with cluster(18, 30) as given:
        with psycopg.connect(given) as connection:
            connection.execute("CREATE ROLE maker LOGIN CREATEDB CREATEROLE")
        site = site_of(
            dsn,
            tmp_path,
            backup={"path": str(dumps.archive(dsn, tmp_path))},
            scratch={"kind": "server"},
        )
        sound(
            Backups(
                replace(site, scratch_dsn=SecretStr(make_conninfo(given, user="maker")))
            ).restores_to_equal_data()
        )
        with psycopg.connect(given) as connection:
            assert connection.execute(
                "SELECT count(*) FROM pg_database WHERE datname LIKE 'cutover%'"
            ).fetchone() == (0,)


def test_an_extension_that_the_scratch_server_lacks_says_nothing_of_the_backup(
    spare: Spare, tmp_path: Path
) -> None:
    dsn = spare(BEFORE)
    path = dumps.plain(dsn, tmp_path)
    dumps.replaced(
        path,
        b"SET default_tablespace",
        b"CREATE EXTENSION no_such_extension;\nSET default_tablespace",
    )
    found = Backups(site_of(dsn, tmp_path, backup={"path": str(path)})).restores_to_equal_data()
    assert not found.findings
    assert 'extension "no_such_extension" is not available' in found.unproven[0]

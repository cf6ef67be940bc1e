"""Restores on a scratch server that is older, has fewer rights, or is not our own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.scratch.scratch_cluster import run_cluster
from tests.findings import list_gaps
from tests.integration.database.backup import dump_files
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.selection import further


@pytest.mark.parametrize("kind", ["custom", further("inserts")])
def test_a_target_of_an_older_version_is_restored_into_that_version(
    kind: str, tmp_path: Path
) -> None:
    with run_cluster(16, 30) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "CREATE TABLE patients (id int PRIMARY KEY, name text); INSERT INTO patients VALUES"
                " (1, 'x')"
            )
        path = dump_files.of_kind(kind, dsn, tmp_path, major=16)
        assert_passed(
            BackupAssessments(
                make_database_context(dsn, tmp_path, backup={"path": str(path)})
            ).assess_restored_data()
        )


def test_an_empty_database_proves_nothing(tmp_path: Path) -> None:
    with run_cluster(18, 30) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE patients (id int PRIMARY KEY, name text)")
        found = BackupAssessments(
            make_database_context(
                dsn, tmp_path, backup={"path": str(dump_files.archive(dsn, tmp_path))}
            )
        ).assess_restored_data()
        assert list_gaps(found) == [(rules.DATA_EXISTS, "the target")]


def test_a_given_server_whose_role_is_no_superuser_will_do(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare(BEFORE)
    with run_cluster(18, 30) as given:
        with psycopg.connect(given) as connection:
            connection.execute("CREATE ROLE maker LOGIN CREATEDB CREATEROLE")
        context = make_database_context(
            dsn,
            tmp_path,
            backup={"path": str(dump_files.archive(dsn, tmp_path))},
            scratch={"kind": "server"},
        )
        assert_passed(
            BackupAssessments(
                replace(context, scratch_dsn=SecretStr(make_conninfo(given, user="maker")))
            ).assess_restored_data()
        )
        with psycopg.connect(given) as connection:
            assert connection.execute(
                "SELECT count(*) FROM pg_database WHERE datname LIKE 'cutover%'"
            ).fetchone() == (0,)


def test_an_extension_that_the_scratch_server_lacks_says_nothing_of_the_backup(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare(BEFORE)
    path = dump_files.plain(dsn, tmp_path)
    dump_files.replace_bytes(
        path,
        b"SET default_tablespace",
        b"CREATE EXTENSION no_such_extension;\nSET default_tablespace",
    )
    found = BackupAssessments(
        make_database_context(dsn, tmp_path, backup={"path": str(path)})
    ).assess_restored_data()
    assert not found.findings
    (gap,) = found.not_proven
    assert gap.rule == rules.EXTENSIONS_AVAILABLE
    assert 'extension "no_such_extension" is not available' in gap.actual

"""Migrations as Flyway applies them, and their effect on the data of the release before."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import psycopg
import pytest

from reference import migrate, postgres, template


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (b"SELECT 1;\n", 78787420),
        (b"SELECT 1;\r\n", 78787420),
        (b"\xef\xbb\xbfSELECT 1;\n", 78787420),
        ("INSERT INTO p VALUES ('José');".encode(), -240743555),
        (
            b"alter table location_history add column valid_until timestamp with time zone;",
            -1039259818,
        ),
        (
            (
                b"DROP TABLE IF EXISTS settings;\nCREATE TABLE IF NOT EXISTS settings (\n    id"
                b" INTEGER PRIMARY KEY\n);"
            ),
            -723451720,
        ),
        (b"", 0),
    ],
)
def test_a_checksum_is_flyways(script: bytes, expected: int) -> None:
    """Known scripts have the checksums that Flyway itself computes."""
    assert migrate.checksum(script) == expected


def test_the_history_is_flyways(server: postgres.Server, migrated: str) -> None:
    """The history has one successful row for each script, in order, with the file's checksum."""
    with psycopg.connect(server.dsn(migrated)) as connection:
        rows = connection.execute(
            "SELECT installed_rank, version, description, type, script, checksum, success FROM"
            " flyway_schema_history ORDER BY 1"
        ).fetchall()
        [constraint] = connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'flyway_schema_history'::regclass"
            " AND contype = 'p'"
        )
    expected = [
        (
            rank,
            str(script.version),
            script.description,
            "SQL",
            script.file_name,
            migrate.checksum(script.content),
            True,
        )
        for rank, script in enumerate(migrate.scripts(migrate.POINT_OF_NO_RETURN), start=1)
    ]
    assert rows == expected
    assert [script.version for script in migrate.scripts()] == list(range(1, 12))
    assert constraint == ("flyway_schema_history_pk",)


def test_the_migrations_build_the_schema_on_nothing(server: postgres.Server) -> None:
    """An empty database comes to 2.0.0 once; a second run has nothing to do."""
    server.create("empty")
    assert len(migrate.migrate(server.dsn("empty"))) == 10
    assert migrate.migrate(server.dsn("empty")) == []
    server.drop("empty")


def test_a_script_that_was_changed_is_refused(server: postgres.Server, tmp_path: Path) -> None:
    """An applied script must be the script on disk."""
    folder = Path(shutil.copytree(migrate.SCRIPTS, tmp_path / "scripts"))
    server.create("changed")
    migrate.migrate(server.dsn("changed"), to=3, folder=folder)
    (folder / "V2__patients.sql").write_text("SELECT 2;")
    with pytest.raises(migrate.ScriptChanged, match="V2__patients"):
        migrate.migrate(server.dsn("changed"), folder=folder)


def test_a_script_that_fails_leaves_nothing(server: postgres.Server, tmp_path: Path) -> None:
    """Neither part of its work nor a row in the history remains."""
    (tmp_path / "V1__half.sql").write_text("CREATE TABLE half (id int); SELECT 1/0;")
    server.create("half")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate.migrate(server.dsn("half"), folder=tmp_path)
    with psycopg.connect(server.dsn("half")) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)
        assert connection.execute("SELECT count(*) FROM flyway_schema_history").fetchone() == (0,)


@pytest.mark.parametrize(
    ("table", "rows"), [("patients", 10_000), ("visits", 30_000), ("documents", 5_000)]
)
def test_the_cutover_loses_no_row(
    server: postgres.Server, migrated: str, table: str, rows: int
) -> None:
    """There are as many rows after as before, with the same ids."""
    statement = f"SELECT count(*), sum(hashtextextended(id::text, 0)) FROM {table}".encode()
    with (
        psycopg.connect(server.dsn(template.DATABASE)) as before,
        psycopg.connect(server.dsn(migrated)) as after,
    ):
        counted = before.execute(statement).fetchone()
        assert counted == after.execute(statement).fetchone()
    assert counted is not None
    assert counted[0] == rows


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "SELECT count(*) FROM patients WHERE sex = 'F'",
            "SELECT count(*) FROM patients WHERE sex_in_words = 'female'",
        ),
        (
            "SELECT count(*) FROM patients WHERE coalesce(phone, '') = ''",
            "SELECT count(*) FROM patients WHERE phone IS NULL",
        ),
        (
            "SELECT count(*) FROM visits WHERE state = 3",
            "SELECT count(*) FROM visits WHERE status = 'cancelled'",
        ),
        (
            "SELECT count(*) FROM visits WHERE coalesce(btrim(reason), '') = ''",
            "SELECT count(*) FROM visits WHERE reason = 'Not recorded'",
        ),
        (
            "SELECT sum(octet_length(content)) FROM documents",
            "SELECT sum(size) FROM documents WHERE sha256 = encode(sha256(content), 'hex')",
        ),
        (
            (
                "SELECT string_agg(regexp_replace(file_name, '^.*[/\\\\]', ''), ',' ORDER BY id)"
                " FROM documents"
            ),
            "SELECT string_agg(file_name, ',' ORDER BY id) FROM documents",
        ),
        ("SELECT count(*) FROM sessions", "SELECT count(*) FROM refresh_tokens"),
        (
            "SELECT count(*) FROM audit_entries WHERE NOT allowed",
            "SELECT count(*) FROM audit_entries WHERE outcome = 'refused'",
        ),
    ],
)
def test_old_data_is_really_transformed(
    server: postgres.Server, migrated: str, before: str, after: str
) -> None:
    """Values of the release before have the new form, and there were values to transform."""
    with (
        psycopg.connect(server.dsn(template.DATABASE)) as old,
        psycopg.connect(server.dsn(migrated)) as new,
    ):
        counted = old.execute(before.encode()).fetchone()
        assert counted == new.execute(after.encode()).fetchone()
    assert counted is not None
    assert counted[0]


def test_migrations_are_plain_postgresql() -> None:
    """They need no extension, so that they run on any server."""
    for script in migrate.scripts():
        assert not re.search(rb"create\s+extension", script.content, re.IGNORECASE)

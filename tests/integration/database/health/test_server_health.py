"""A server that is well gives no finding, and each way in which one is not is found by name."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.health import server_sessions
from cutover_gates.probes.database.health.assessments import ServerAssessments
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.store import save_snapshot
from reference import postgres
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import make_database_context

QUESTIONS: tuple[Callable[[ServerAssessments], Assessment], ...] = (
    ServerAssessments.assess_writability,
    ServerAssessments.assess_headroom,
    ServerAssessments.assess_sessions,
    ServerAssessments.assess_replication,
    ServerAssessments.assess_archive,
    ServerAssessments.assess_storage,
    ServerAssessments.assess_identity,
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_server_that_is_well_gives_no_finding(
    spare: CopyDatabase, tmp_path: Path, question: Callable[[ServerAssessments], Assessment]
) -> None:
    examination = question(ServerAssessments(make_database_context(spare("migrated"), tmp_path)))
    assert_passed(examination)
    assert json.dumps(examination.figures)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_server_that_does_not_answer_is_found(
    tmp_path: Path, question: Callable[[ServerAssessments], Assessment]
) -> None:
    (finding,) = question(
        ServerAssessments(make_database_context("postgresql://127.0.0.1:1/none", tmp_path))
    ).findings
    assert "no connection to the database" in finding


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_time_nothing_is_proven(
    spare: CopyDatabase, tmp_path: Path, question: Callable[[ServerAssessments], Assessment]
) -> None:
    with pytest.raises(NotProven, match="were spent"):
        question(ServerAssessments(make_database_context(spare("migrated"), tmp_path, seconds=0)))


def test_a_database_that_takes_no_writes_is_found(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',"
        " current_database()); END $$",
    )
    (finding,) = (
        ServerAssessments(make_database_context(dsn, tmp_path)).assess_writability().findings
    )
    assert finding.startswith("default_transaction_read_only is on for the database spare_")


# ── who is connected ──


@contextmanager
def connected(dsn: str, count: int) -> Iterator[None]:
    with ExitStack() as open_:
        for _ in range(count):
            open_.enter_context(psycopg.connect(dsn))
        yield


def test_too_few_connections_that_are_left_are_found(sixteen: str, tmp_path: Path) -> None:
    server = ServerAssessments(make_database_context(sixteen, tmp_path))
    with connected(sixteen, 15):
        assert not server.assess_headroom().findings
    with connected(sixteen, 23):
        (finding,) = server.assess_headroom().findings
    assert finding.startswith(
        "Of the 27 connections that the server may have, 24 are taken, and 80% is the limit"
    )


def test_a_database_with_a_limit_of_its_own_is_found(sixteen: str, tmp_path: Path) -> None:
    with (
        limited(
            sixteen, "DATABASE postgres CONNECTION LIMIT 5", "DATABASE postgres CONNECTION LIMIT -1"
        ),
        connected(sixteen, 4),
    ):
        (finding,) = (
            ServerAssessments(make_database_context(sixteen, tmp_path)).assess_headroom().findings
        )
    assert finding.startswith("Of the 5 connections that the database postgres may have, ")


def test_a_role_with_a_limit_of_its_own_is_found(sixteen: str, tmp_path: Path) -> None:
    with (
        limited(sixteen, "ROLE postgres CONNECTION LIMIT 5", "ROLE postgres CONNECTION LIMIT -1"),
        connected(sixteen, 4),
    ):
        (finding,) = (
            ServerAssessments(make_database_context(sixteen, tmp_path)).assess_headroom().findings
        )
    assert finding.startswith("Of the 5 connections that the role postgres may have, ")


@contextmanager
def limited(dsn: str, limit: str, no_limit: str) -> Iterator[None]:
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(f"ALTER {limit}".encode())
        try:
            yield
        finally:
            owner.execute(f"ALTER {no_limit}".encode())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a test can wait for."""
    for bound in ("IDLE_SECONDS", "TRANSACTION_SECONDS", "BLOCKED_SECONDS", "PREPARED_SECONDS"):
        monkeypatch.setattr(server_sessions, bound, 0.1)


@pytest.mark.usefixtures("impatient")
def test_a_session_that_is_idle_in_a_transaction_is_found(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare("migrated")
    with psycopg.connect(dsn, application_name="forgotten") as session:
        session.execute("SELECT count(*) FROM visits")
        time.sleep(0.2)
        pid = session.info.backend_pid
        (finding,) = (
            ServerAssessments(make_database_context(dsn, tmp_path)).assess_sessions().findings
        )
    assert finding.startswith(
        f"The session {pid} of owner (forgotten) has been idle in a transaction for "
    )


@pytest.mark.usefixtures("impatient")
def test_a_long_transaction_and_who_waits_for_a_lock_are_found(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare("migrated")
    with psycopg.connect(dsn) as holder, closing(psycopg.connect(dsn)) as waiter:
        held, waiting = holder.info.backend_pid, waiter.info.backend_pid
        holder.execute("LOCK TABLE visits")
        waiter.execute("SELECT 1")  # begins its transaction
        waiter.pgconn.send_query(b"LOCK TABLE visits")
        time.sleep(0.3)
        said = ServerAssessments(make_database_context(dsn, tmp_path)).assess_sessions().findings
    assert [
        line
        for line in said
        if f"The session {waiting} " in line and "has had its transaction open for" in line
    ]
    assert [
        line
        for line in said
        if f"The session {waiting} " in line
        and f"for a lock of {held}, and 0.1 s is the limit" in line
    ]


def test_a_short_transaction_is_nobodys_business(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare("migrated")
    with psycopg.connect(dsn) as session:
        session.execute("SELECT count(*) FROM visits")
        examination = ServerAssessments(make_database_context(dsn, tmp_path)).assess_sessions()
    assert (examination.findings, examination.figures["sessions"]) == ((), 1)


@pytest.mark.usefixtures("impatient")
def test_a_prepared_transaction_that_was_left_behind_is_found(sixteen: str, tmp_path: Path) -> None:
    with psycopg.connect(sixteen, autocommit=True) as owner:
        for statement in (b"BEGIN", b"CREATE TABLE half (id int)", b"PREPARE TRANSACTION 'left'"):
            owner.execute(statement)
        time.sleep(0.2)
        said = (
            ServerAssessments(make_database_context(sixteen, tmp_path)).assess_sessions().findings
        )
        owner.execute("ROLLBACK PREPARED 'left'")
    assert [
        line
        for line in said
        if line.startswith("The transaction left of postgres has stood prepared for ")
    ]


def test_a_role_that_does_not_see_the_others_is_told_what_it_needs(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare(
        "migrated", "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN PASSWORD 'x'"
    )
    server = ServerAssessments(
        make_database_context(make_conninfo(dsn, user="stranger", password="x"), tmp_path)
    )
    assert server.assess_sessions().not_proven == (
        "Sessions of other roles: not seen; grant pg_monitor to stranger.",
    )
    assert server.assess_replication().not_proven == (
        "Standbys: not seen; grant pg_monitor to stranger.",
    )
    for question in (
        ServerAssessments.assess_writability,
        ServerAssessments.assess_headroom,
        ServerAssessments.assess_archive,
        ServerAssessments.assess_storage,
        ServerAssessments.assess_identity,
    ):
        assert_passed(question(server))


def test_the_readers_role_of_the_reference_sees_all_of_it(
    server: postgres.Server, spare: CopyDatabase, tmp_path: Path
) -> None:
    name = spare("migrated").rpartition("/")[2]
    reader = ServerAssessments(make_database_context(server.dsn(name, postgres.READER), tmp_path))
    for question in QUESTIONS:
        assert_passed(question(reader))


# ── copies and archive ──


def test_a_slot_that_nobody_uses_is_found(sixteen: str, tmp_path: Path) -> None:
    with psycopg.connect(sixteen, autocommit=True) as owner:
        owner.execute("SELECT pg_create_physical_replication_slot('gone', true)")
        (finding,) = (
            ServerAssessments(make_database_context(sixteen, tmp_path))
            .assess_replication()
            .findings
        )
        owner.execute("SELECT pg_drop_replication_slot('gone')")
    assert finding.startswith("The replication slot gone is used by nobody and holds back ")


def test_commits_that_wait_for_a_standby_that_is_not_there_are_found(
    sixteen: str, tmp_path: Path
) -> None:
    with psycopg.connect(sixteen, autocommit=True) as owner:
        owner.execute("ALTER SYSTEM SET synchronous_standby_names = 'second'")
        owner.execute("SELECT pg_reload_conf()")
        time.sleep(0.3)
        (finding,) = (
            ServerAssessments(make_database_context(sixteen, tmp_path))
            .assess_replication()
            .findings
        )
        owner.execute("ALTER SYSTEM RESET synchronous_standby_names")
        owner.execute("SELECT pg_reload_conf()")
    assert (
        finding == "Every commit waits for a synchronous standby (second), and none is connected."
    )


def test_a_standby_of_the_settings_that_is_none_is_found(
    spare: CopyDatabase, sixteen: str, tmp_path: Path
) -> None:
    dsn = spare("migrated")
    site = make_database_context(dsn, tmp_path)
    (finding,) = (
        ServerAssessments(replace(site, standby=SecretStr(dsn))).assess_replication().findings
    )
    assert finding.startswith(
        "The standby of the settings (standby_dsn) cannot be relied on: what is named as the"
        " standby is none"
    )
    (finding,) = (
        ServerAssessments(replace(site, standby=SecretStr(sixteen))).assess_replication().findings
    )
    assert finding.startswith(
        "The standby of the settings (standby_dsn) cannot be relied on: the standby belongs to"
        " another server"
    )
    (finding,) = (
        ServerAssessments(replace(site, standby=SecretStr("postgresql://127.0.0.1:1/none")))
        .assess_replication()
        .findings
    )
    assert finding.startswith(
        "The standby of the settings (standby_dsn) cannot be relied on: no connection to the"
        " database"
    )


def test_an_archive_that_fails_is_found(sixteen: str, tmp_path: Path) -> None:
    with psycopg.connect(sixteen, autocommit=True) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS written (id int)")
        owner.execute("INSERT INTO written VALUES (1)")
        owner.execute("SELECT pg_switch_wal()")
        deadline = time.monotonic() + 20
        while (
            not (
                found := ServerAssessments(make_database_context(sixteen, tmp_path))
                .assess_archive()
                .findings
            )
            and time.monotonic() < deadline
        ):
            time.sleep(0.1)
    assert found[0].startswith("Archiving fails: ")
    assert (
        "nothing was ever archived: what is written now can be restored from no backup." in found[0]
    )


# ── storage ──


def test_an_invalid_database_is_found(sixteen: str, tmp_path: Path) -> None:
    with psycopg.connect(sixteen, autocommit=True) as owner:
        owner.execute("CREATE DATABASE half")
        owner.execute(
            "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'"
        )  # as a DROP DATABASE that was interrupted leaves it
        said = ServerAssessments(make_database_context(sixteen, tmp_path)).assess_storage().findings
        owner.execute("DROP DATABASE half")
    assert said == ("the database half is invalid: a DROP DATABASE ended half-way; drop it again.",)


def test_rows_that_are_too_old_are_found(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "UPDATE pg_database SET datfrozenxid = ((txid_current() + 2^32 - 1100000000)::bigint %"
        " 4294967296)::text::xid WHERE datname = current_database()",
    )
    said = ServerAssessments(make_database_context(dsn, tmp_path)).assess_storage().findings
    assert [
        line
        for line in said
        if line.startswith("the database spare_") and "has rows that are 11000" in line
    ]


def test_a_collation_of_another_version_is_found(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "CREATE COLLATION words (provider = builtin, locale = 'C.UTF-8', version = '0')",
        "CREATE TABLE t (word text COLLATE words)",
    )
    (finding,) = ServerAssessments(make_database_context(dsn, tmp_path)).assess_storage().findings
    assert finding.startswith(
        "The collation words was version 0 when its indexes were made and is 1 now"
    )


# ── as before ──

CHANGED: dict[str, tuple[dict[str, Any], str]] = {
    "version": (
        {"version": "18.0"},
        "The database has another version than at the snapshot: it was 18.0 and is ",
    ),
    "server": (
        {"system_identifier": "1"},
        (
            "The database is another server than the one of the snapshot: its system identifier was"
            " 1 and is "
        ),
    ),
    "database": (
        {"database": "other"},
        (
            "The database is another database than that of the snapshot: its name was other and is"
            " spare_"
        ),
    ),
    "encoding": (
        {"encoding": "LATIN1"},
        "The database has another encoding than at the snapshot: it was LATIN1 and is UTF8.",
    ),
    "extension gone": (
        {"extensions": {"plpgsql": "1.0", "pg_trgm": "1.6"}},
        "The extension pg_trgm 1.6 is gone.",
    ),
    "extension new": ({"extensions": {}}, "The extension plpgsql 1.0 is new."),
    "extension updated": (
        {"extensions": {"plpgsql": "0.9"}},
        "The extension plpgsql was 0.9 and is 1.0.",
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_is_not_as_it_was_is_found(spare: CopyDatabase, tmp_path: Path, what: str) -> None:
    change, said = CHANGED[what]
    site = make_database_context(spare("migrated"), tmp_path)
    taken = take_snapshot(site)
    assert_passed(ServerAssessments(site).assess_identity())
    save_snapshot(
        replace(taken, server={**taken.server, **change}, taken_at=taken.taken_at + 1),
        site.snapshots,
    )
    (finding,) = ServerAssessments(site).assess_identity().findings
    assert finding.startswith(said)


def test_a_snapshot_that_is_damaged_is_not_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    site = make_database_context(spare("migrated"), tmp_path)
    site.snapshots.mkdir()
    (site.snapshots / "20260101T000000.000000Z.json.gz").write_bytes(b"cut short")
    with pytest.raises(NotProven, match="damaged"):
        ServerAssessments(site).assess_identity()

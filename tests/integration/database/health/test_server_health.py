"""A healthy server gives no finding, and each defect is found by rule and name."""

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
from cutover_gates.probes.database.health import rules, server_sessions
from cutover_gates.probes.database.health.assessments import ServerAssessments
from cutover_gates.probes.database.rules import CURRENT_STANDBY, SERVER_ANSWERS, TIME_BUDGET
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.store import save_snapshot
from reference import postgres
from tests.findings import list_breaches, list_gaps, raises_gap
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
    assessment = question(ServerAssessments(make_database_context(spare("migrated"), tmp_path)))
    assert_passed(assessment)
    assert json.dumps(assessment.figures)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_server_that_does_not_answer_is_found(
    tmp_path: Path, question: Callable[[ServerAssessments], Assessment]
) -> None:
    context = make_database_context("postgresql://127.0.0.1:1/none", tmp_path)
    assessment = question(ServerAssessments(context))
    assert list_breaches(assessment) == [(SERVER_ANSWERS, "the database")]
    assert "no connection" in assessment.findings[0].actual


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_time_nothing_is_proven(
    spare: CopyDatabase, tmp_path: Path, question: Callable[[ServerAssessments], Assessment]
) -> None:
    with raises_gap(TIME_BUDGET):
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
    assert finding.rule == rules.WRITABLE
    assert finding.subject.startswith("the database spare_")
    assert "default_transaction_read_only" in finding.actual


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
    assert (finding.rule, finding.subject) == (rules.FREE_CONNECTIONS, "the server")
    assert finding.expected.startswith("at most 80%")
    # A session that was closed just before may still count.
    assert finding.actual.endswith(" of 27")


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
    assert (finding.rule, finding.subject) == (rules.FREE_CONNECTIONS, "the database postgres")
    assert finding.actual.endswith(" of 5")


def test_a_role_with_a_limit_of_its_own_is_found(sixteen: str, tmp_path: Path) -> None:
    with (
        limited(sixteen, "ROLE postgres CONNECTION LIMIT 5", "ROLE postgres CONNECTION LIMIT -1"),
        connected(sixteen, 4),
    ):
        (finding,) = (
            ServerAssessments(make_database_context(sixteen, tmp_path)).assess_headroom().findings
        )
    assert (finding.rule, finding.subject) == (rules.FREE_CONNECTIONS, "the role postgres")
    assert finding.actual.endswith(" of 5")


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
    """Lower the limits to what a test can wait for."""
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
    assert (finding.rule, finding.subject) == (
        rules.SESSIONS,
        f"session {pid} of owner (forgotten)",
    )
    assert finding.expected == "idle in a transaction for at most 0.1 s"


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
        context = make_database_context(dsn, tmp_path)
        findings = ServerAssessments(context).assess_sessions().findings
    subject = f"session {waiting} of owner (without a name)"
    about_waiting = {each.expected: each.actual for each in findings if each.subject == subject}
    assert "a transaction of at most 0.1 s" in about_waiting
    wait = about_waiting["a wait for a lock of at most 0.1 s"]
    assert wait.endswith(f"for session {held}")


def test_a_short_transaction_is_nobodys_business(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare("migrated")
    with psycopg.connect(dsn) as session:
        session.execute("SELECT count(*) FROM visits")
        assessment = ServerAssessments(make_database_context(dsn, tmp_path)).assess_sessions()
    assert (assessment.findings, assessment.figures["sessions"]) == ((), 1)


@pytest.mark.usefixtures("impatient")
def test_a_prepared_transaction_that_was_left_behind_is_found(sixteen: str, tmp_path: Path) -> None:
    with psycopg.connect(sixteen, autocommit=True) as owner:
        for statement in (b"BEGIN", b"CREATE TABLE half (id int)", b"PREPARE TRANSACTION 'left'"):
            owner.execute(statement)
        time.sleep(0.2)
        server = ServerAssessments(make_database_context(sixteen, tmp_path))
        breaches = list_breaches(server.assess_sessions())
        owner.execute("ROLLBACK PREPARED 'left'")
    assert (rules.PREPARED_TRANSACTIONS, "transaction left of postgres") in breaches


def test_a_role_that_does_not_see_the_others_is_told_what_it_needs(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare(
        "migrated", "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN PASSWORD 'x'"
    )
    server = ServerAssessments(
        make_database_context(make_conninfo(dsn, user="stranger", password="x"), tmp_path)
    )
    sessions, replication = server.assess_sessions(), server.assess_replication()
    assert list_gaps(sessions) == [(rules.SESSIONS, "sessions of other roles")]
    assert list_gaps(replication) == [(rules.STANDBYS_FOLLOW, "standbys")]
    for gap in (*sessions.not_proven, *replication.not_proven):
        assert "pg_monitor to stranger" in gap.actual
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
    assert (finding.rule, finding.subject) == (rules.REPLICATION_SLOTS, "replication slot gone")
    assert finding.actual.startswith("unused")


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
    assert (finding.rule, finding.expected) == (
        rules.SYNCHRONOUS_STANDBY,
        "a connected standby of second",
    )


def test_a_standby_of_the_settings_that_is_none_is_found(
    spare: CopyDatabase, sixteen: str, tmp_path: Path
) -> None:
    dsn = spare("migrated")
    context = make_database_context(dsn, tmp_path)
    for standby, reason in (
        (dsn, "not a standby"),
        (sixteen, "not a copy of the target's server"),
        ("postgresql://127.0.0.1:1/none", "no connection"),
    ):
        server = ServerAssessments(replace(context, standby=SecretStr(standby)))
        (finding,) = server.assess_replication().findings
        assert (finding.rule, finding.subject) == (CURRENT_STANDBY, "standby_dsn")
        assert reason in finding.actual


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
    assert found[0].rule == rules.ARCHIVING
    assert found[0].actual.endswith("last success: never")


# ── storage ──


def test_an_invalid_database_is_found(sixteen: str, tmp_path: Path) -> None:
    with psycopg.connect(sixteen, autocommit=True) as owner:
        owner.execute("CREATE DATABASE half")
        owner.execute(
            "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'"
        )  # as a DROP DATABASE that was interrupted leaves it
        storage = ServerAssessments(make_database_context(sixteen, tmp_path)).assess_storage()
        owner.execute("DROP DATABASE half")
    assert list_breaches(storage) == [(rules.VALID_DATABASES, "the database half")]


def test_rows_that_are_too_old_are_found(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "UPDATE pg_database SET datfrozenxid = ((txid_current() + 2^32 - 1100000000)::bigint %"
        " 4294967296)::text::xid WHERE datname = current_database()",
    )
    findings = ServerAssessments(make_database_context(dsn, tmp_path)).assess_storage().findings
    ages = [each for each in findings if each.rule == rules.TRANSACTION_AGE]
    assert any(
        age.subject.startswith("the database spare_") and age.actual.startswith("11000")
        for age in ages
    )


def test_a_collation_of_another_version_is_found(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "CREATE COLLATION words (provider = builtin, locale = 'C.UTF-8', version = '0')",
        "CREATE TABLE t (word text COLLATE words)",
    )
    (finding,) = ServerAssessments(make_database_context(dsn, tmp_path)).assess_storage().findings
    assert finding.rule == rules.COLLATION_VERSIONS
    assert (finding.subject, finding.expected, finding.actual) == (
        "the collation words",
        "version 0",
        "version 1",
    )


# ── as before ──

CHANGED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "version": ({"version": "18.0"}, "version of the server", "18.0", ""),
    "server": ({"system_identifier": "1"}, "system identifier of the server", "1", ""),
    "database": ({"database": "other"}, "name of the database", "other", "spare_"),
    "encoding": ({"encoding": "LATIN1"}, "encoding of the database", "LATIN1", "UTF8"),
    "extension gone": (
        {"extensions": {"plpgsql": "1.0", "pg_trgm": "1.6"}},
        "the extension pg_trgm",
        "1.6",
        "absent",
    ),
    "extension new": ({"extensions": {}}, "the extension plpgsql", "absent", "1.0"),
    "extension updated": (
        {"extensions": {"plpgsql": "0.9"}},
        "the extension plpgsql",
        "0.9",
        "1.0",
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_is_not_as_it_was_is_found(spare: CopyDatabase, tmp_path: Path, what: str) -> None:
    change, subject, expected, actual = CHANGED[what]
    context = make_database_context(spare("migrated"), tmp_path)
    taken = take_snapshot(context)
    assert_passed(ServerAssessments(context).assess_identity())
    save_snapshot(
        replace(taken, server=replace(taken.server, **change), taken_at=taken.taken_at + 1),
        context.snapshots,
    )
    (finding,) = ServerAssessments(context).assess_identity().findings
    assert (finding.rule, finding.subject) == (rules.SAME_SERVER, subject)
    assert finding.expected == expected
    assert finding.actual.startswith(actual)


def test_a_snapshot_that_is_damaged_is_not_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    context = make_database_context(spare("migrated"), tmp_path)
    context.snapshots.mkdir()
    (context.snapshots / "20260101T000000.000000Z.json.gz").write_bytes(b"cut short")
    with pytest.raises(NotProven, match="damaged"):
        ServerAssessments(context).assess_identity()

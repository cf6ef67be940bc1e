"""What a real PostgreSQL tells of its sessions under load, and what it does not tell to everybody."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cutover.database import pressure
from cutover.database.pressure import Gauge, Pressure, difference
from cutover.database.session import DatabaseSilent
from cutover.evidence import Examination
from cutover.load.resources import Watcher, pool
from cutover.settings import Database, Resources
from reference import postgres
from tests.database.conftest import Spare

PATIENCE = 15.0


def gauge(dsn: str, seconds: float = pressure.SECONDS) -> closing[Gauge]:
    return closing(Gauge(dsn, Database(), seconds))


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, f"did not come true within {PATIENCE:g} s"
        time.sleep(0.02)


@contextmanager
def one_waits(dsn: str) -> Iterator[psycopg.Connection]:
    """Somebody holds a table, and another session waits for it.

    Gives the connection of the first.
    """
    with psycopg.connect(dsn) as holder, closing(psycopg.connect(dsn)) as waiter:
        holder.execute("LOCK TABLE visits")
        waiter.pgconn.send_query(b"BEGIN; LOCK TABLE visits")
        yield holder


def test_a_quiet_database_is_seen_to_be_quiet(spare: Spare) -> None:
    with gauge(spare("migrated")) as eye:
        look = eye.look()
    assert (look.waiting, look.longest_wait, look.idle, look.missing) == (0, 0.0, 0, None)
    taken, most = look.connections["the server"]
    assert (most, taken >= 1) == (197, True)  # of 200, three are for superusers
    assert abs(look.at - time.time()) < 5


def test_each_session_takes_a_connection(spare: Spare) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        before = eye.look().connections["the server"][0]
        with ExitStack() as open_:
            for _ in range(20):
                open_.enter_context(psycopg.connect(dsn))
            assert eye.look().connections["the server"][0] >= before + 20


def test_who_waits_for_a_lock_is_seen_and_for_how_long(spare: Spare) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye, one_waits(dsn):
        until(lambda: (eye.look().longest_wait or 0) > 0.3)
        look = eye.look()
        assert look.waiting == 1
        assert 0.3 < (look.longest_wait or 0) < PATIENCE


def test_a_wait_that_is_over_is_not_seen_any_more(spare: Spare) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        with one_waits(dsn) as holder:
            until(lambda: eye.look().waiting == 1)
            holder.rollback()
        until(lambda: eye.look().waiting == 0)


def test_another_database_is_not_meant(spare: Spare) -> None:
    ours, other = spare("migrated"), spare("migrated")
    with gauge(ours) as eye, gauge(other) as their_eye, one_waits(other):
        until(lambda: their_eye.look().waiting == 1)
        assert eye.look().waiting == 0


def test_a_transaction_that_was_left_open_is_seen(
    spare: Spare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pressure, "_SESSIONS", pressure._SESSIONS.replace(f"{pressure.IDLE_SECONDS} s", "0.1 s")
    )
    dsn = spare("migrated")
    with gauge(dsn) as eye, psycopg.connect(dsn) as session:
        session.execute("SELECT 1")
        until(lambda: eye.look().idle == 1)
        session.rollback()
        until(lambda: eye.look().idle == 0)


# ── counters ──


def counted_since(eye: Gauge, before: Pressure) -> dict[str, int]:
    return difference(before, eye.look()) or {}


def test_a_deadlock_and_what_was_rolled_back_are_counted(spare: Spare) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        before = eye.look()
        _deadlock(dsn)
        until(lambda: counted_since(eye, before)["deadlocks"] == 1)
        assert counted_since(eye, before)["rolled_back"] >= 1


def _deadlock(dsn: str) -> None:
    """Two sessions wait for each other, until PostgreSQL ends one of them.

    Both go away, and with that their counts arrive.
    """

    def cross(
        connection: psycopg.Connection, first: bytes, second: bytes, met: threading.Barrier
    ) -> None:
        with connection:
            connection.execute(first)
            met.wait(PATIENCE)
            try:
                connection.execute(second)
            except psycopg.errors.DeadlockDetected:
                connection.rollback()

    met = threading.Barrier(2)
    tables = (b"LOCK TABLE visits", b"LOCK TABLE patients")
    threads = [
        threading.Thread(target=cross, args=(psycopg.connect(dsn), *order, met))
        for order in (tables, tables[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


def test_a_session_that_was_killed_is_counted(spare: Spare) -> None:
    dsn = spare("migrated")
    with (
        gauge(dsn) as eye,
        closing(psycopg.connect(dsn)) as victim,
        psycopg.connect(dsn, autocommit=True) as other,
    ):
        before = eye.look()
        other.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
        until(lambda: counted_since(eye, before)["killed"] == 1)


def test_counters_that_were_reset_cannot_be_compared(spare: Spare) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye, psycopg.connect(dsn, autocommit=True) as other:
        before = eye.look()
        assert difference(before, before) == dict.fromkeys(before.counters, 0)
        other.execute("SELECT pg_stat_reset()")
        until(lambda: difference(before, eye.look()) is None)


# ── what is not seen ──


def judged(dsn: str, meanwhile: Callable[[], None]) -> Examination:
    """What a run proves of the database that looked at it twenty times a second."""
    with Watcher(None, Gauge(dsn, Database()), every=0.05) as watcher:
        meanwhile()
    return pool(None, watcher.pressures, Resources())


def test_a_role_without_rights_sees_nobody_wait_and_says_so(spare: Spare) -> None:
    dsn = spare(
        "migrated", "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN PASSWORD 'x'"
    )
    with one_waits(dsn):
        examination = judged(
            make_conninfo(dsn, user="stranger", password="x"), lambda: time.sleep(1.2)
        )
    assert examination.findings == ()
    (why,) = examination.unproven
    assert why.startswith("Waits for locks in the database: seen in 0 of ")
    assert why.endswith("the sessions of other roles are not seen; grant pg_monitor to stranger.")
    assert examination.examined == (
        "Connections of the database server",
        "Deadlocks in the database",
    )


@pytest.mark.parametrize("role", [postgres.READER, postgres.OWNER])
def test_a_lock_that_is_held_for_two_seconds_is_found(
    spare: Spare, server: postgres.Server, role: str
) -> None:
    database = str(psycopg.conninfo.conninfo_to_dict(spare("migrated"))["dbname"])

    def held() -> None:
        with one_waits(server.dsn(database)):
            time.sleep(2)  # the length of the fault itself

    (finding,) = judged(server.dsn(database, role), held).findings
    assert finding.endswith("and 1 s is the limit (lock_wait_seconds).")


def test_a_quiet_run_is_sound(spare: Spare) -> None:
    examination = judged(spare("migrated"), lambda: time.sleep(1))
    assert (examination.findings, examination.unproven) == ((), ())


def test_a_database_that_does_not_answer_is_silent() -> None:
    with (
        gauge("postgresql://anna:s3cret-word@127.0.0.1:1/none") as eye,
        pytest.raises(DatabaseSilent, match="no connection") as raised,
    ):
        eye.look()
    assert "s3cret" not in str(raised.value)


def test_a_server_that_stands_still_is_given_up_in_time_and_asked_again_later(spare: Spare) -> None:
    """Its statement_timeout is its own promise, and it cannot keep it now."""
    with gauge(spare("migrated"), seconds=0.5) as eye:
        eye.look()
        pid = eye._connection.info.backend_pid if eye._connection else 0
        os.kill(pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            with pytest.raises(DatabaseSilent, match="the database gave no answer"):
                eye.look()
            assert time.monotonic() - begun < 1.5
        finally:
            os.kill(pid, signal.SIGCONT)
        assert eye.look().missing is None


def test_a_connection_that_was_lost_is_opened_again(spare: Spare) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        eye.look()
        assert eye._connection
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(%s, 5000)", [eye._connection.info.backend_pid]
            )
        with pytest.raises(DatabaseSilent, match="gave no answer"):
            eye.look()
        assert eye.look().missing is None


def test_a_gauge_writes_nothing(spare: Spare) -> None:
    with gauge(spare("migrated")) as eye:
        eye.look()
        assert eye._connection
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            eye._connection.execute("CREATE TABLE mine (id int)")


def test_the_looks_leave_no_threads_behind(spare: Spare) -> None:
    before = threading.active_count()
    with gauge(spare("migrated")) as eye:
        for _ in range(20):
            eye.look()
    until(lambda: threading.active_count() <= before)

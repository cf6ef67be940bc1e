"""Samples of a real PostgreSQL's sessions, and what not every role can see of them."""

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

from cutover_gates.config.resources import ResourceSettings
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.core.database_activity import DatabaseActivity, activity_difference
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database import activity_sampler
from cutover_gates.probes.database.activity_sampler import ActivitySampler
from cutover_gates.probes.load.resource_assessment import rules as load_rules
from cutover_gates.probes.load.resource_assessment.connection_pool_usage import (
    assess_connection_pool,
)
from cutover_gates.probes.load.resource_assessment.resource_watcher import ResourceWatcher
from reference import postgres
from tests.calibration import scale_seconds
from tests.integration.database.conftest import CopyDatabase

PATIENCE = 15.0


def gauge(dsn: str, seconds: float = activity_sampler.SAMPLE_SECONDS) -> closing[ActivitySampler]:
    return closing(ActivitySampler(dsn, DatabaseSettings(), seconds))


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


def test_a_quiet_database_is_seen_to_be_quiet(spare: CopyDatabase) -> None:
    with gauge(spare("migrated")) as eye:
        look = eye.sample()
    assert (look.waiting, look.longest_wait, look.idle, look.not_seen_reason) == (0, 0.0, 0, None)
    taken, most = look.connections["the server"]
    assert (most, taken >= 1) == (197, True)  # of 200, three are for superusers
    assert abs(look.at - time.time()) < 5


def test_each_session_takes_a_connection(spare: CopyDatabase) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        before = eye.sample().connections["the server"][0]
        with ExitStack() as open_:
            for _ in range(20):
                open_.enter_context(psycopg.connect(dsn))
            assert eye.sample().connections["the server"][0] >= before + 20


def test_who_waits_for_a_lock_is_seen_and_for_how_long(spare: CopyDatabase) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye, one_waits(dsn):
        until(lambda: (eye.sample().longest_wait or 0) > 0.3)
        look = eye.sample()
        assert look.waiting == 1
        assert 0.3 < (look.longest_wait or 0) < PATIENCE


def test_a_wait_that_is_over_is_not_seen_any_more(spare: CopyDatabase) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        with one_waits(dsn) as holder:
            until(lambda: eye.sample().waiting == 1)
            holder.rollback()
        until(lambda: eye.sample().waiting == 0)


def test_another_database_is_not_meant(spare: CopyDatabase) -> None:
    ours, other = spare("migrated"), spare("migrated")
    with gauge(ours) as eye, gauge(other) as their_eye, one_waits(other):
        until(lambda: their_eye.sample().waiting == 1)
        assert eye.sample().waiting == 0


def test_a_transaction_that_was_left_open_is_seen(
    spare: CopyDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        activity_sampler,
        "_SESSIONS",
        activity_sampler._SESSIONS.replace(f"{activity_sampler.IDLE_SECONDS} s", "0.1 s"),
    )
    dsn = spare("migrated")
    with gauge(dsn) as eye, psycopg.connect(dsn) as session:
        session.execute("SELECT 1")
        until(lambda: eye.sample().idle == 1)
        session.rollback()
        until(lambda: eye.sample().idle == 0)


# ── counters ──


def counted_since(eye: ActivitySampler, before: DatabaseActivity) -> dict[str, int]:
    return activity_difference(before, eye.sample()) or {}


def test_a_deadlock_and_what_was_rolled_back_are_counted(spare: CopyDatabase) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        before = eye.sample()
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


def test_a_session_that_was_killed_is_counted(spare: CopyDatabase) -> None:
    dsn = spare("migrated")
    with (
        gauge(dsn) as eye,
        closing(psycopg.connect(dsn)) as victim,
        psycopg.connect(dsn, autocommit=True) as other,
    ):
        before = eye.sample()
        other.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
        until(lambda: counted_since(eye, before)["killed"] == 1)


def test_counters_that_were_reset_cannot_be_compared(spare: CopyDatabase) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye, psycopg.connect(dsn, autocommit=True) as other:
        before = eye.sample()
        assert activity_difference(before, before) == dict.fromkeys(before.counters, 0)
        other.execute("SELECT pg_stat_reset()")
        until(lambda: activity_difference(before, eye.sample()) is None)


# ── what is not seen ──


def judged(dsn: str, meanwhile: Callable[[], None]) -> Assessment:
    """Return the assessment of a run that sampled the database twenty times a second."""
    with ResourceWatcher(None, ActivitySampler(dsn, DatabaseSettings()), every=0.05) as watcher:
        meanwhile()
    return assess_connection_pool(None, watcher.activity_samples, ResourceSettings())


def test_a_role_without_rights_sees_nobody_wait_and_says_so(spare: CopyDatabase) -> None:
    dsn = spare(
        "migrated", "DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN PASSWORD 'x'"
    )
    with one_waits(dsn):
        assessment = judged(
            make_conninfo(dsn, user="stranger", password="x"), lambda: time.sleep(1.2)
        )
    assert assessment.findings == ()
    assert [gap.rule for gap in assessment.not_proven] == [load_rules.LOCK_WAITS]
    assert assessment.not_proven[0].actual.endswith("grant pg_monitor to stranger")
    assert len(assessment.checked) == 2


@pytest.mark.parametrize("role", [postgres.READER, postgres.OWNER])
def test_a_lock_that_is_held_for_two_seconds_is_found(
    spare: CopyDatabase, server: postgres.Server, role: str
) -> None:
    database = str(psycopg.conninfo.conninfo_to_dict(spare("migrated"))["dbname"])

    def held() -> None:
        with one_waits(server.dsn(database)):
            time.sleep(2)  # the length of the fault itself

    (finding,) = judged(server.dsn(database, role), held).findings
    assert finding.rule == load_rules.LOCK_WAITS
    assert finding.expected == "at most 1 s"


def test_a_quiet_run_is_sound(spare: CopyDatabase) -> None:
    assessment = judged(spare("migrated"), lambda: time.sleep(1))
    assert (assessment.findings, assessment.not_proven) == ((), ())


def test_a_database_that_does_not_answer_is_silent() -> None:
    with gauge("postgresql://anna:s3cret-word@127.0.0.1:1/none") as eye:
        reason = eye.sample().not_seen_reason or ""
    assert "no connection" in reason
    assert "s3cret" not in reason


def test_a_server_that_stands_still_is_given_up_in_time_and_asked_again_later(
    spare: CopyDatabase,
) -> None:
    """A stopped server does not enforce its own statement_timeout."""
    with gauge(spare("migrated"), seconds=0.5) as eye:
        eye.sample()
        pid = eye._connection.info.backend_pid if eye._connection else 0
        os.kill(pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            failed = eye.sample()
            assert "the database gave no answer" in (failed.not_seen_reason or "")
            assert not failed.connections
            assert time.monotonic() - begun < scale_seconds(1.5)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert eye.sample().not_seen_reason is None


def test_a_connection_that_was_lost_is_opened_again(spare: CopyDatabase) -> None:
    dsn = spare("migrated")
    with gauge(dsn) as eye:
        eye.sample()
        assert eye._connection
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(%s, 5000)", [eye._connection.info.backend_pid]
            )
        assert "gave no answer" in (eye.sample().not_seen_reason or "")
        assert eye.sample().not_seen_reason is None


def test_a_gauge_writes_nothing(spare: CopyDatabase) -> None:
    with gauge(spare("migrated")) as eye:
        eye.sample()
        assert eye._connection
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            eye._connection.execute("CREATE TABLE mine (id int)")


def test_the_looks_leave_no_threads_behind(spare: CopyDatabase) -> None:
    before = threading.active_count()
    with gauge(spare("migrated")) as eye:
        for _ in range(20):
            eye.sample()
    until(lambda: threading.active_count() <= before)

"""The watcher's login at a real PostgreSQL: full, stopped, frozen, closed to its account."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cutover_gates.core.triggers.evaluation import Evaluation
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.probes.database.login_attempt import LoginOutcome, attempt_login
from cutover_gates.util.concurrency import wait_for
from cutover_gates.watch.login_readings import LoginReadings
from tests.integration.database.integrity.postgresql_16 import running_postgresql_16

SECRET = "n0-such-pa55word"
SLOTS = 6


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL with six connections, and the DSN of an account that is no superuser."""
    settings = (f"max_connections = {SLOTS}", "superuser_reserved_connections = 1")
    with running_postgresql_16(*settings, "max_wal_senders = 0", "reserved_connections = 0") as dsn:
        with psycopg.connect(dsn, autocommit=True) as owner:
            owner.execute("CREATE ROLE watcher LOGIN")
        yield dsn


@pytest.fixture
def dsn(server: str) -> str:
    return make_conninfo(server, user="watcher")


def wait_until_nobody_is_left(dsn: str) -> None:
    """Wait until the server has ended the connections of before: that takes it a moment."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'"
    with psycopg.connect(dsn, user="postgres", autocommit=True) as owner:
        assert wait_for(lambda: owner.execute(query).fetchone() == (0,), 10.0, 0.05)


@contextmanager
def occupy(dsn: str, connections: int) -> Iterator[None]:
    """Hold so many connections, as the pools of two releases do."""
    wait_until_nobody_is_left(dsn)
    with ExitStack() as stack:
        for _ in range(connections):
            stack.enter_context(psycopg.connect(dsn))
        yield


def test_a_login_ends_and_leaves_no_connection(dsn: str) -> None:
    for _ in range(2 * SLOTS):
        assert attempt_login(dsn, 2).outcome is LoginOutcome.OK
    wait_until_nobody_is_left(dsn)


def test_the_pools_of_both_releases_leave_no_connection_and_it_fires(dsn: str) -> None:
    """Hazard 40: one connection fewer than the pools want. The third refusal in a row fires."""
    limits = TriggerLimits(evaluate_seconds=1)
    source, machine = LoginReadings(partial(attempt_login, dsn, 1)), TriggerMachine(limits)

    def evaluate(at: float) -> list[str]:
        found = source.read(at)
        fired = machine.evaluate(Evaluation(at, found.readings, {source.source: True}))
        return [one.value for one in fired if one.key.trigger is TriggerName.DATABASE]

    assert [evaluate(at) for at in (1.0, 2.0)] == [[], []]
    with occupy(dsn, SLOTS - 1):
        refused = [evaluate(at) for at in (3.0, 4.0, 5.0)]
    assert refused[:2] == [[], []]
    assert refused[2] == ["the watcher's read-only login was refused: 3 times"]


@pytest.mark.parametrize(
    ("limited", "outcome"),
    [
        ("DATABASE postgres", LoginOutcome.REFUSED),
        # The account of the watcher may have no more: the application has another one.
        ("ROLE watcher", LoginOutcome.REJECTED),
    ],
)
def test_a_limit_of_the_database_is_a_refusal_and_one_of_the_account_is_none(
    server: str, dsn: str, limited: str, outcome: LoginOutcome
) -> None:
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute(f"ALTER {limited} CONNECTION LIMIT 0".encode())
        found = attempt_login(make_conninfo(dsn, dbname="postgres"), 2)
        owner.execute(f"ALTER {limited} CONNECTION LIMIT -1".encode())
    assert found.outcome is outcome


def test_a_socket_without_a_server_is_broken(tmp_path: Path) -> None:
    found = attempt_login(f"host={tmp_path} user=watcher dbname=postgres", 2)
    assert found.outcome is LoginOutcome.BROKEN


@pytest.mark.parametrize("changed", [{"user": "nobody_here"}, {"dbname": "no_such_database"}])
def test_an_account_that_is_not_let_in_is_no_failed_connection(
    dsn: str, changed: dict[str, str]
) -> None:
    found = attempt_login(make_conninfo(dsn, password=SECRET, **changed), 2)
    assert found.outcome is LoginOutcome.REJECTED
    assert SECRET not in found.why


def test_a_name_that_nobody_knows_is_the_watchers_own_trouble() -> None:
    found = attempt_login(f"host=no-such-host.invalid password={SECRET}", 2)
    assert found.outcome is LoginOutcome.REJECTED
    assert attempt_login("this is no dsn", 2).outcome is LoginOutcome.REJECTED


def test_a_port_without_a_server_is_broken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = attempt_login(f"host=127.0.0.1 port={port}", 2)
    assert (found.outcome, found.why) == (LoginOutcome.BROKEN, "connection refused")


@pytest.mark.thorough
def test_a_server_that_takes_the_connection_and_says_nothing_is_broken_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = attempt_login(f"host=127.0.0.1 port={silent.getsockname()[1]}", 1)
    assert found.outcome is LoginOutcome.BROKEN
    assert found.seconds < 4


def test_a_frozen_server_is_broken_in_time(server: str, dsn: str) -> None:
    with psycopg.connect(server) as owner:
        directory = owner.execute("SHOW data_directory").fetchone()
    assert directory
    with open(f"{directory[0]}/postmaster.pid", encoding="utf-8") as file:  # noqa: PTH123
        postmaster = int(file.readline())
    os.kill(postmaster, signal.SIGSTOP)
    try:
        found = attempt_login(dsn, 1)
    finally:
        os.kill(postmaster, signal.SIGCONT)
    assert found.outcome is LoginOutcome.BROKEN
    assert found.seconds < 4
    assert attempt_login(dsn, 2).outcome is LoginOutcome.OK

"""Faults of connections: too few, not given back, held, locked, deadlocked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace as with_other
from typing import Any, ClassVar

import psycopg
import psycopg_pool
from fastapi import FastAPI
from starlette.types import ASGIApp

from cutover_gates.probes.load.resource_assessment import rules
from reference.pool import Rows
from reference.security import Access
from reference.settings import Settings
from tests.faults.fault import replace
from tests.faults.load.application_under_load import replace_under_load
from tests.faults.load.load_fault import LoadFault


class _Connections(LoadFault):
    """Whatever is wrong with connections, one item looks after them."""

    item = "connection-pool"


# ── the pool ──


class ConnectionsAreNotGivenBack(_Connections):
    """Every second one more connection is lost, and at eight in the evening nobody gets one any
    more.
    """

    breaks = (rules.POOL_WAITING, rules.POOL_TIMEOUTS)
    also: ClassVar[Mapping[str, str]] = {
        "error-rate": "who waits in vain gets no answer",
        "response-times": "and he waited long for that",
    }

    def around(self, app: ASGIApp) -> ASGIApp:
        assert isinstance(app, FastAPI)
        pool, lost = app.state.pool, list[object]()

        def harmed(line: str, since: float) -> ASGIApp:
            if len(lost) < since / 1.2:
                with contextlib.suppress(psycopg_pool.PoolTimeout):
                    lost.append(pool.getconn(timeout=0.001))
            return app

        return replace_under_load(app, harmed)


class APoolOfTwo(_Connections):
    """The pool is as small as on somebody's laptop.

    All is well, as long as the database is near and the house is empty.
    """

    breaks = (rules.POOL_WAITING, rules.POOL_TIMEOUTS)

    def settings(self, settings: Settings) -> Settings:
        return with_other(settings, pool_size=2)

    def put_in(self) -> None:
        right = Access.transaction

        @contextmanager
        def transaction(access: Access) -> Iterator[Rows]:
            with right(access) as connection:
                time.sleep(0.025)  # a database that is some way off
                yield connection

        replace(Access, transaction=transaction)


# ── in the database ──


class _Beside(_Connections):
    """Something works in the database beside the requests: `work`, in two threads, from the load
    on.
    """

    def settings(self, settings: Settings) -> Settings:
        self._dsn = settings.database
        return settings

    def around(self, app: ASGIApp) -> ASGIApp:
        begun: list[threading.Thread] = []

        def harmed(line: str, since: float) -> ASGIApp:
            if not begun:
                begun.extend(
                    threading.Thread(target=self.work, args=(number,), daemon=True)
                    for number in range(2)
                )
                for each in begun:
                    each.start()
            return app

        return replace_under_load(app, harmed)

    def work(self, number: int) -> None:
        """What thread 0 and thread 1 do for as long as the hospital is open."""
        raise NotImplementedError

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            self._dsn, autocommit=True, application_name="hospital-backend batch"
        )


class ABatchLocksThePatients(_Beside):
    """Every six seconds a job holds all patients for two: who wants to file something for one of
    them waits.
    """

    breaks = (rules.LOCK_WAITS,)
    also: ClassVar[Mapping[str, str]] = {
        "response-times": "who waits for the lock waits for his answer"
    }
    asked: ClassVar[Mapping[str, Any]] = {"min_seconds": 15}

    def work(self, number: int) -> None:
        if number:
            return
        with self.connect() as connection:
            while True:
                time.sleep(4)
                with connection.transaction():
                    connection.execute("SELECT 1 FROM patients FOR UPDATE")
                    time.sleep(2.2)


class ATransactionIsForgotten(_Beside):
    """Somebody went home in the middle of a change, and whoever needs the same patients waits until
    he comes back.
    """

    breaks = (rules.LOCK_WAITS,)
    also: ClassVar[Mapping[str, str]] = {
        "response-times": "who waits for the lock waits for his answer",
        "error-rate": "and in the end gets none",
    }

    def work(self, number: int) -> None:
        if number:
            return
        with self.connect() as connection, connection.transaction():
            time.sleep(4)
            connection.execute("SELECT 1 FROM patients FOR UPDATE")
            time.sleep(3600)


class TwoBatchesWaitForEachOther(_Beside):
    """No request suffers yet.

    The night's two jobs hold each other up for seconds, and one day they will hold up a request.
    """

    breaks = (rules.LOCK_WAITS,)

    def work(self, number: int) -> None:
        with self.connect() as connection:
            while True:
                connection.execute("SELECT pg_advisory_lock(1)")
                time.sleep(2.5)
                connection.execute("SELECT pg_advisory_unlock(1)")


class TwoBatchesDeadlock(_Beside):
    """Two jobs take the same things in another order.

    One of them is thrown out each time, and what it did is lost.
    """

    breaks = (rules.DEADLOCKS,)

    def __init__(self) -> None:
        self._together = threading.Barrier(2)

    def work(self, number: int) -> None:
        with self.connect() as connection:
            while True:
                connection.execute("SELECT pg_advisory_lock(%s)", [number])
                self._together.wait()
                with contextlib.suppress(psycopg.errors.DeadlockDetected):
                    connection.execute("SELECT pg_advisory_lock(%s)", [1 - number])
                connection.execute("SELECT pg_advisory_unlock_all()")
                self._together.wait()


class TheServersConnectionsRunOut(_Beside):
    """Something else in the house takes nearly all connections of the database.

    The next one who comes finds none.
    """

    breaks, shows = (rules.DATABASE_CONNECTIONS,), "the server"

    def work(self, number: int) -> None:
        held: list[psycopg.Connection] = []
        with contextlib.suppress(
            psycopg.OperationalError
        ):  # none is left: somebody else on this server has taken some, too
            while len(held) < 92:
                held.append(self.connect())
        time.sleep(3600)

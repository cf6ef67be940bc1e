"""Faults of what the hospital says of itself: a load balancer believes it."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace as changed

import psycopg
from starlette.types import ASGIApp, Receive, Scope, Send

from reference import health, problems
from reference import pool as connections
from reference.pool import Pool
from reference.problems import Problem
from tests.faults.fault import EVERYTHING, replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import RACE_SECONDS, ResponseDraft, rewrite_responses


class _Health(FunctionalFault):
    """Whatever is wrong with the probes, one item looks after it."""

    item = "health-checks"


class NeverReady(_Health):
    """The load balancer sends nobody, and the hospital stands still beside a working server."""

    def put_in(self) -> None:
        def touch_database(pool: Pool, patience: float) -> None:
            raise psycopg.OperationalError("not asked at all")

        replace(health, touch_database=touch_database)


class ReadinessGivesWayUnderManyProbes(_Health):
    """Each of the balancer's machines probes; one user in eight is turned away."""

    def put_in(self) -> None:
        turns = threading.BoundedSemaphore(3)

        def touch_database(pool: Pool, patience: float) -> None:
            if not turns.acquire(blocking=False):
                raise psycopg.OperationalError("too many probes")
            time.sleep(RACE_SECONDS)
            turns.release()

        replace(health, touch_database=touch_database)


class LivenessSaysNothing(_Health):
    """The watchdog cannot read the answer, and restarts a working server every minute."""

    def around(self, app: ASGIApp) -> ASGIApp:
        def change(answer: ResponseDraft) -> None:
            if answer.scope["path"] == "/health/live":
                answer.body = b"{}"

        return rewrite_responses(app, change)


# ── alive, it says ──


class ReadyWithoutADatabase(_Health):
    """The balancer goes on sending nurses to a server that has lost its database."""

    also = EVERYTHING

    def put_in(self) -> None:
        create = connections.create
        nowhere = "postgresql://nobody@127.0.0.1:1/nowhere"
        replace(
            connections,
            create=lambda settings: create(changed(settings, database=nowhere, pool_wait=0.01)),
        )
        replace(health, touch_database=lambda pool, patience: None)


class DeadButCalledAlive(_Health):
    """Everything fails but the probes, so nobody is woken."""

    also, seconds = EVERYTHING, 10

    def around(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            works = scope["type"] != "http" or scope["path"] in (
                "/health/live",
                "/health/ready",
                "/version",
            )
            dead = problems.answer(Problem("unavailable", "Not now."), "none")
            await (app if works else dead)(scope, receive, send)

        return wrapped


# ── without a database ──


class _WithoutDatabase(_Health):
    """The database is gone for a while, and the balancer believes what the hospital says."""

    outage = True


class ReadinessNeverAsksTheDatabase(_WithoutDatabase):
    """The database is gone, and the balancer goes on sending nurses to a server that cannot serve."""

    def put_in(self) -> None:
        replace(health, touch_database=lambda pool, patience: None)


class ReadinessIsRememberedForAMinute(_WithoutDatabase):
    """What was ready a minute ago is called ready now."""

    def put_in(self) -> None:
        right, good_until = health.touch_database, [0.0]

        def touch_database(pool: Pool, patience: float) -> None:
            if time.monotonic() > good_until[0]:
                right(pool, patience)
                good_until[0] = time.monotonic() + 60

        replace(health, touch_database=touch_database)


class OneInstanceInFourIsAlwaysReady(_WithoutDatabase):
    """One of the instances runs an older image, whose readiness asks nothing."""

    def put_in(self) -> None:
        right, count = health.touch_database, itertools.count(1)

        def touch_database(pool: Pool, patience: float) -> None:
            if next(count) % 4:
                right(pool, patience)

        replace(health, touch_database=touch_database)


class ReadinessDoesNotComeBack(_WithoutDatabase):
    """After one failed probe the server calls itself unready until somebody restarts it."""

    def put_in(self) -> None:
        right, has_failed = health.touch_database, threading.Event()

        def touch_database(pool: Pool, patience: float) -> None:
            if has_failed.is_set():
                raise psycopg.OperationalError("it failed once")
            try:
                right(pool, patience)
            except psycopg.OperationalError:
                has_failed.set()
                raise

        replace(health, touch_database=touch_database)


class NobodyIsServedAfterAnOutage(_WithoutDatabase):
    """Ready again, says the server, and its searches fail until somebody restarts it."""

    also = EVERYTHING

    def around(self, app: ASGIApp) -> ASGIApp:
        failed = threading.Event()
        dead = problems.answer(Problem("unavailable", "The pool is broken."), "none")

        def watch(answer: ResponseDraft) -> None:
            if answer.scope["path"].endswith("/patients") and answer.status == 503:
                failed.set()

        watched = rewrite_responses(app, watch)

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            is_search = scope.get("path", "").endswith("/patients") and scope["method"] == "GET"
            await (dead if is_search and failed.is_set() else watched)(scope, receive, send)

        return wrapped

"""Faults of what the hospital says of itself: a load balancer believes it."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

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

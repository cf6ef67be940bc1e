"""One login at the target's database: connect, ask for `SELECT 1`, close.

It is bounded in time, and nothing of it stays: a check must not take the connections whose end it
is to find. No text of an error is shown, since it may hold the DSN.
"""

from __future__ import annotations

import select
import time
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from cutover_gates.core.triggers.evaluation import is_connection_failure
from cutover_gates.probes.database.context import APPLICATION_NAME, MIN_CONNECT_SECONDS


class LoginOutcome(StrEnum):
    """How a login ended. REFUSED: the server has no connection to give. BROKEN: no answer at all.

    REJECTED: it does not let this account in, or the address is wrong. That says nothing of the
    connections of others.
    """

    OK = "ok"
    REFUSED = "refused"
    BROKEN = "no answer"
    REJECTED = "rejected"


@dataclass(frozen=True)
class LoginAttempt:
    """How a login ended, why, and how many seconds it took."""

    outcome: LoginOutcome
    why: str
    seconds: float


_REFUSALS = {
    "53300": (
        "too many clients already",
        "remaining connection slots",
        "too many connections for database",
        "no more connections allowed",
    ),
    "57P03": (
        "the database system is starting up",
        "the database system is shutting down",
        "the database system is in recovery mode",
        "the database system is not",
    ),
}
_REJECTIONS = (
    # Of this account alone: the application has another.
    "too many connections for role",
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "authentication failed",
    "does not exist",
    "permission denied",
    "could not translate host name",
    "name or service not known",
    "temporary failure in name resolution",
    "certificate verify failed",
    "root certificate file",
    "is not permitted to log in",
)
"""Words of libpq and the server. A server may speak another language: see `find_outcome`."""


def attempt_login(dsn: str, seconds: float) -> LoginAttempt:
    """Log in, and out again. Takes at most about `seconds`, and not less than libpq's 2 s."""
    began = time.monotonic()
    ends = began + max(MIN_CONNECT_SECONDS, round(seconds))
    try:
        with closing(_Session(dsn)) as session:
            session.connect(ends)
            outcome, why = _ask(session.handle, ends)
    except psycopg.Error as error:
        outcome, why = find_outcome(error)
    return LoginAttempt(outcome, why, time.monotonic() - began)


class _Session:
    """One session that is surely closed.

    A `psycopg.connect` that runs out of time leaves its half-open session to the garbage collector,
    and a server that comes back keeps a connection for it.
    """

    def __init__(self, dsn: str) -> None:
        conninfo = make_conninfo(dsn, application_name=APPLICATION_NAME)
        self.handle = pq.PGconn.connect_start(conninfo.encode())

    def connect(self, ends: float) -> None:
        """Connect. Raises `psycopg.OperationalError`, of which a time-out is one."""
        ended = (pq.PollingStatus.FAILED, pq.PollingStatus.OK)
        status = self.handle.status
        polled = pq.PollingStatus.FAILED if status == pq.ConnStatus.BAD else self._poll()
        while polled not in ended:
            reading = [self.handle.socket] if polled is pq.PollingStatus.READING else []
            writing = [] if reading else [self.handle.socket]
            left = ends - time.monotonic()
            if left <= 0 or not any(select.select(reading, writing, [], left)):
                raise psycopg.errors.ConnectionTimeout
            polled = self._poll()
        if polled is pq.PollingStatus.FAILED:
            raise psycopg.OperationalError(self.handle.error_message.decode("utf-8", "replace"))

    def close(self) -> None:
        """Close it, however far it came."""
        self.handle.finish()

    def _poll(self) -> pq.PollingStatus:
        return pq.PollingStatus(self.handle.connect_poll())


def _ask(session: pq.abc.PGconn, ends: float) -> tuple[LoginOutcome, str]:
    """Send `SELECT 1`, and wait for the answer: a server that stands still takes connections."""
    session.send_query(b"SELECT 1")
    while session.is_busy():
        left = ends - time.monotonic()
        if left <= 0 or not select.select([session.socket], [], [], left)[0]:
            return LoginOutcome.BROKEN, "no answer to SELECT 1 in time"
        session.consume_input()
    result = session.get_result()
    if result is not None and result.status == pq.ExecStatus.TUPLES_OK:
        return LoginOutcome.OK, ""
    state = result.error_field(pq.DiagnosticField.SQLSTATE) if result is not None else None
    text = state.decode() if state else "no result"
    # 57P01 comes with an orderly stop: the next login shows whether the server comes back.
    is_counted = not state or is_connection_failure(text)
    return (LoginOutcome.BROKEN if is_counted else LoginOutcome.REJECTED), f"SQLSTATE {text}"


def find_outcome(error: psycopg.Error) -> tuple[LoginOutcome, str]:
    """Return what an error of connecting means, and its name.

    libpq gives no SQLSTATE of a refused connection, so the words decide. What none of them names is
    BROKEN: a time-out, a refused or closed connection, a server of another language.
    """
    if error.sqlstate and is_connection_failure(error.sqlstate):
        return LoginOutcome.REFUSED, f"SQLSTATE {error.sqlstate}"
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return LoginOutcome.BROKEN, "no connection in time"
    text = str(error).casefold()
    for state, words in _REFUSALS.items():
        if any(each in text for each in words):
            return LoginOutcome.REFUSED, f"SQLSTATE {state}"
    if isinstance(error, psycopg.ProgrammingError) or any(each in text for each in _REJECTIONS):
        return LoginOutcome.REJECTED, "the account or the address in database.dsn is not accepted"
    if "connection refused" in text:
        return LoginOutcome.BROKEN, "connection refused"
    return LoginOutcome.BROKEN, type(error).__name__

"""Failed connections to PostgreSQL in the lines of an application's log.

A line names a SQLSTATE in a field, in its text, or not at all: then the words of the server or of
a driver say it. The words are those of PostgreSQL, PgBouncer, libpq and the usual drivers of Java,
Python, Go, Node, .NET, Rust, Ruby and Elixir.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cutover_gates.core.triggers.evaluation import is_connection_failure
from cutover_gates.probes.observability.logs.model import LogLine

ORDERLY_STOP = "57P01"
"""admin_shutdown. The closed connections that it leaves behind are no failures of their own."""
CONNECTION_CLASS = "08"
_NAMED = re.compile(
    # SQLState: 08006, SQLSTATE[08006], (SQLSTATE 57P03), "sqlState":"08001", SqlState(E53300)
    r"(?:sql[ _-]?state|pg_?code)[^0-9a-z]{1,8}E?([0-9A-Z]{5})(?![0-9A-Z])"
    # "FATAL:  53300: sorry …", "FATAL 53300 (too_many_connections)", "(0x80004005): 53300: …"
    r"|(?:fatal|error|panic|\))\W{1,4}([0-9][0-9A-Z]{4})(?=:| \()"
    # What is hardly anything else than a SQLSTATE.
    r"|(?<![\w.-])(57P0[13])(?![\w-])",
    re.IGNORECASE,
)
_LOOSE = (
    # code: '53300', (53300): an amount or a room, unless the line speaks of a database
    (
        re.compile(r"\bcode\b\W{1,6}(53300)(?!\w)|[(\[](53300)[)\]]", re.IGNORECASE),
        re.compile(
            r"fatal|severity|postgres|psql|\bpg\b|\bpq\b|sql|database|clients", re.IGNORECASE
        ),
    ),
    # "code":"08006": a postal code, unless it is an error of PostgreSQL
    (
        re.compile(r"\bcode\b\W{1,6}(08[0-9A-Z]{3})(?!\w)", re.IGNORECASE),
        re.compile(r"fatal|severity|postgres|psql|\bpg\b|\bpq\b", re.IGNORECASE),
    ),
)
"""Forms that something else has, too, each with the words that must stand beside it."""
_WORDS: Mapping[str, tuple[str, ...]] = {
    "53300": (
        "sorry, too many clients already",
        "remaining connection slots are reserved",
        "too many connections for role",
        "too many connections for database",
        "no more connections allowed",
        "toomanyconnections",
        "too_many_connections",
    ),
    "57P03": (
        "the database system is starting up",
        "the database system is shutting down",
        "the database system is in recovery mode",
        "the database system is not yet accepting connections",
        "the database system is not accepting connections",
        "cannotconnectnow",
        "cannot_connect_now",
    ),
    "57P01": ("terminating connection due to administrator command", "admin_shutdown"),
    "08006": (
        "server closed the connection unexpectedly",
        "an i/o error occurred while sending to the backend",
        "could not receive data from server",
        "connection terminated unexpectedly",
        "connection was closed in the middle of operation",
        "query_wait_timeout",
    ),
    "08003": (
        "this connection has been closed",
        "connectiondoesnotexist",
        "driver: bad connection",
        "the connection is lost",
    ),
    "08001": ("could not connect to server: ", "check that the hostname and port are correct"),
}
_UNREACHED = re.compile(
    # libpq and pgx tell in the same sentence what the server refused; that has a SQLSTATE of its
    # own, or is a wrong password.
    r"connection to server (?:at|on) .{1,200}? failed: (?!\w+: )(?!FATAL|ERROR)"
    r"|failed to connect to [`'\"].{1,200}?(?:dial error|hostname resolving error|timeout)"
    r"|econnrefused \S{1,100}:5432"
    r"|org\.postgresql\.\S{1,80}: the connection attempt failed",
    re.IGNORECASE,
)


def find_connection_failure(line: LogLine, field: str) -> str | None:
    """Return the SQLSTATE of a failed connection that the line tells of; None: it tells of none.

    `field` is the name of the field that holds a SQLSTATE; a line that has it says no more than
    that. What an orderly stop of the server closed is no failure.
    """
    own = line.get_field(field)
    states = [str(own)] if own is not None else list(_list_states(line.text))
    stopped = ORDERLY_STOP in states
    for state in states:
        if stopped and state.startswith(CONNECTION_CLASS):
            continue
        if is_connection_failure(state):
            return state
    return None


def _list_states(text: str) -> Iterator[str]:
    """Yield the SQLSTATEs that a text names, and those that its words mean."""
    for match in _NAMED.finditer(text):
        yield next(group for group in match.groups() if group).upper()
    for form, words in _LOOSE:
        if words.search(text):
            for match in form.finditer(text):
                yield next(group for group in match.groups() if group).upper()
    lower = text.casefold()
    for state, phrases in _WORDS.items():
        if any(each in lower for each in phrases):
            yield state
    if _UNREACHED.search(text):
        yield "08001"

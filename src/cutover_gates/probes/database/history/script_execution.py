"""Runs scripts on a database that may be thrown away, the way Flyway does: each in a transaction of
its own, or none where PostgreSQL allows none.

It writes no history: what is wanted is what the scripts do. Flyway's callbacks (`afterMigrate.sql`
and the like) are not run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import psycopg
from psycopg import sql

from cutover_gates.probes.database.context import APPLICATION_NAME, first_error_line
from cutover_gates.probes.database.history import flyway_conventions
from cutover_gates.probes.database.history.migration_scripts import MigrationScript

_NON_TRANSACTIONAL = re.compile(
    r"(?:CREATE|DROP) (?:DATABASE|TABLESPACE|SUBSCRIPTION)\b|ALTER SYSTEM\b|(?:CREATE|DROP)(?:"
    r" UNIQUE)? INDEX CONCURRENTLY\b|VACUUM\b"
    r"|DISCARD ALL\b|REINDEX\b.* (?:CONCURRENTLY|SCHEMA|DATABASE|SYSTEM)\b|ALTER TABLE\b.* DETACH"
    r" PARTITION .*CONCURRENTLY\b",
    re.IGNORECASE,
)
"""What PostgreSQL refuses inside a transaction."""

_TOKEN = re.compile(
    r"(?P<comment>--[^\r\n]*)|(?P<block>/\*)|(?P<dollar>\$(?P<tag>[^\W\d]\w*)?\$.*?\$(?(tag)(?P=tag))\$)|(?P<escaped>\b[eE]'(?:[^'\\]|\\.|'')*')"
    r"|(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<end>;)|(?P<word>\w+|.)",
    re.DOTALL,
)


class ScriptFailed(Exception):
    """A script could not be run to its end; says which, and what PostgreSQL said first."""

    def __init__(self, script: MigrationScript, why: str) -> None:
        super().__init__(f"{script.file_name} failed: {why}")
        self.script, self.reason = script, why


def apply_scripts(
    dsn: str,
    scripts: Sequence[MigrationScript],
    placeholders: Mapping[str, str],
    *,
    schema: str | None = None,
    started: Callable[[MigrationScript, int], None] | None = None,
) -> list[tuple[MigrationScript, float]]:
    """Run the scripts in the given order, and say how many seconds each took.

    `started(script, backend_pid)` is called before each. `schema` is made where it is missing, and
    unqualified names mean it. Raises `ScriptFailed`.
    """
    took = []
    with psycopg.connect(
        dsn, autocommit=True, application_name=f"{APPLICATION_NAME} migration"
    ) as connection:
        if schema:
            connection.execute(
                sql.SQL("CREATE SCHEMA IF NOT EXISTS {0}; SET search_path = {0}, public").format(
                    sql.Identifier(schema)
                )
            )
        for script in scripts:
            text = _fill_placeholders(script, placeholders)
            if started:
                started(script, connection.info.backend_pid)
            begun = time.monotonic()
            _run_script(connection, script, text)
            took.append((script, time.monotonic() - begun))
    return took


def split_statements(text: str) -> Iterator[str]:
    """The statements of a script without their comments and closing semicolons.

    (A body after `BEGIN ATOMIC` is not kept together.)
    """
    statement, at = "", 0
    while at < len(text):
        piece = _TOKEN.match(text, at)
        assert piece is not None
        at = _find_comment_end(text, at) if piece["block"] else piece.end()
        if piece["end"]:
            yield from _yield_nonempty(statement)
            statement = ""
        else:
            statement += " " if piece["comment"] or piece["block"] else piece[0]
    yield from _yield_nonempty(statement)


def requires_autocommit(script: MigrationScript, text: str) -> bool:
    """Whether a script cannot, or must not (`executeInTransaction=false` in its `.conf`), run in a
    transaction.
    """
    settings = script.path.with_name(script.path.name + ".conf")
    if settings.is_file() and re.search(
        r"(?mi)^\s*executeInTransaction\s*=\s*false\s*$", settings.read_text(encoding="utf-8")
    ):
        return True
    return any(
        _NON_TRANSACTIONAL.match(" ".join(statement.split()))
        for statement in split_statements(text)
    )


def _fill_placeholders(script: MigrationScript, placeholders: Mapping[str, str]) -> str:
    known = {"flyway:filename": script.path.name, **placeholders}
    text = script.content.decode("utf-8-sig")
    missing = flyway_conventions.find_undeclared_placeholders(text, known)
    if missing:
        raise ScriptFailed(
            script,
            f"nothing is declared for ${{{missing[0]}}}: set it under migrations.placeholders",
        )
    return flyway_conventions.replace_placeholders(text, known)


def _run_script(connection: psycopg.Connection, script: MigrationScript, text: str) -> None:
    try:
        if requires_autocommit(script, text):
            for statement in split_statements(text):
                connection.execute(statement.encode())
        else:
            with connection.transaction():
                connection.execute(text.encode())
    except psycopg.Error as error:
        raise ScriptFailed(script, _error_without_values(error)) from None


def _error_without_values(error: psycopg.Error) -> str:
    """What PostgreSQL says first, but only its kind where that may repeat what stands in a row
    (data exceptions, and what functions raise).
    """
    return (
        f"{type(error).__name__} ({error.sqlstate})"
        if (error.sqlstate or "")[:2] in ("22", "P0")
        else first_error_line(error)
    )


def _find_comment_end(text: str, at: int) -> int:
    """Where the block comment that begins at `at` ends; they may be nested."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(text)


def _yield_nonempty(statement: str) -> Iterator[str]:
    if statement.strip():
        yield statement.strip()

"""Execution of scripts on a scratch database, as Flyway does it.

Each script runs in a transaction of its own, or in none where PostgreSQL allows none. No history is
written: only the effect of the scripts counts. Flyway's callbacks (`afterMigrate.sql` and the like)
are not run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import psycopg
from psycopg import sql

from cutover_gates.probes.database.context import APPLICATION_NAME
from cutover_gates.probes.database.history.flyway_conventions import (
    find_undeclared_placeholders,
    replace_placeholders,
)
from cutover_gates.probes.database.history.migration_scripts import MigrationScript
from cutover_gates.util.text import first_error_line

_NON_TRANSACTIONAL = re.compile(
    r"(?:CREATE|DROP) (?:DATABASE|TABLESPACE|SUBSCRIPTION)\b|ALTER SYSTEM\b|(?:CREATE|DROP)(?:"
    r" UNIQUE)? INDEX CONCURRENTLY\b|VACUUM\b"
    r"|DISCARD ALL\b|REINDEX\b.* (?:CONCURRENTLY|SCHEMA|DATABASE|SYSTEM)\b|ALTER TABLE\b.* DETACH"
    r" PARTITION .*CONCURRENTLY\b",
    re.IGNORECASE,
)
"""Statements that PostgreSQL refuses inside a transaction."""

_CREATED_SCHEMA = re.compile(
    r'CREATE\s+SCHEMA\s+(?!IF\b)(?:AUTHORIZATION\s+)?(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))',
    re.IGNORECASE,
)
"""A statement that fails where the schema exists."""

_TOKEN = re.compile(
    r"(?P<comment>--[^\r\n]*)|(?P<block>/\*)"
    r"|(?P<dollar>\$(?P<tag>[^\W\d]\w*)?\$.*?\$(?(tag)(?P=tag))\$)"
    r"|(?P<escaped>\b[eE]'(?:[^'\\]|\\.|'')*')"
    r"|(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<end>;)|(?P<word>\w+|.)",
    re.DOTALL,
)


class ScriptFailed(Exception):
    """A script could not be run to its end. `reason` is the first line of PostgreSQL's error."""

    def __init__(self, script: MigrationScript, reason: str) -> None:
        super().__init__(f"{script.file_name} failed: {reason}")
        self.script = script
        self.reason = reason


def apply_scripts(
    dsn: str,
    scripts: Sequence[MigrationScript],
    placeholders: Mapping[str, str],
    *,
    schema: str | None = None,
    user: str | None = None,
    seconds: float | None = None,
    started: Callable[[MigrationScript, int], None] | None = None,
) -> list[tuple[MigrationScript, float]]:
    """Run the scripts in the given order, and return the seconds that each took.

    `started(script, backend_pid)` is called before each. Unqualified names mean `schema`, which is
    created where it is missing and no script creates it. `user`: the role that the scripts see as
    theirs. `seconds`: the limit of each statement. Raises `ScriptFailed`.
    """
    # Autocommit: each script decides for itself whether it runs in a transaction.
    durations = []
    name = f"{APPLICATION_NAME} migration"
    with psycopg.connect(dsn, autocommit=True, application_name=name) as connection:
        if seconds is not None:
            limit = f"{max(1, round(seconds * 1000))}"
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [limit])
        if user:
            connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(user)))
        if schema:
            texts = (_fill_placeholders(script, placeholders) for script in scripts)
            _prepare_schema(connection, schema, texts)
        for script in scripts:
            text = _fill_placeholders(script, placeholders)
            if started:
                started(script, connection.info.backend_pid)
            begun = time.monotonic()
            _run_script(connection, script, text)
            durations.append((script, time.monotonic() - begun))
    return durations


def split_statements(text: str) -> Iterator[str]:
    """Yield the statements of a script without comments and closing semicolons.

    A body after `BEGIN ATOMIC` is not kept together.
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
    """Return whether a script cannot, or must not, run in a transaction.

    `executeInTransaction=false` in its `.conf` says that it must not.
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


def _prepare_schema(connection: psycopg.Connection, schema: str, texts: Iterable[str]) -> None:
    name = sql.Identifier(schema)
    # A script that creates it fails where it is there already, so Flyway did not create it either.
    if not any(creates_schema(text, schema) for text in texts):
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    connection.execute(sql.SQL("SET search_path = {}, public").format(name))


def creates_schema(text: str, schema: str) -> bool:
    """Return whether a script creates this schema, and fails where it exists."""
    found = filter(None, map(_CREATED_SCHEMA.match, split_statements(text)))
    return any((name["quoted"] or name["plain"].lower()) == schema for name in found)


def _fill_placeholders(script: MigrationScript, placeholders: Mapping[str, str]) -> str:
    values = {"flyway:filename": script.path.name, **placeholders}
    text = script.content.decode("utf-8-sig")
    missing = find_undeclared_placeholders(text, values)
    if missing:
        raise ScriptFailed(
            script,
            f"nothing is declared for ${{{missing[0]}}}: set it under migrations.placeholders",
        )
    return replace_placeholders(text, values)


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
    """Return the first line of an error, or only its type where the text may quote a row.

    Data exceptions (22) and what functions raise (P0) may.
    """
    if (error.sqlstate or "").startswith(("22", "P0")):
        return f"{type(error).__name__} ({error.sqlstate})"
    return first_error_line(error)


def _find_comment_end(text: str, at: int) -> int:
    """Return the end of the block comment that begins at `at`; comments may be nested."""
    # PostgreSQL nests block comments, unlike the SQL of other systems.
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(text)


def _yield_nonempty(statement: str) -> Iterator[str]:
    if statement.strip():
        yield statement.strip()

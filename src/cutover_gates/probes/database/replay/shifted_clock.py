"""Another date for a scratch database: its functions that tell the time are 400 days ahead.

A superuser may put a function of SQL in the place of one of PostgreSQL's own, in one database. The
planner puts its body wherever it is called, also into defaults and bodies that were there before.
`CURRENT_DATE` and its like are no functions: where they stand, calls stand instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import psycopg
from psycopg import sql

from cutover_gates.probes.database.history.migration_scripts import MigrationScript

_DAYS = 400  # so it is another year on every day
_SCHEMA = "cutover_clock"
_CLOCKS = {
    "now": "STABLE",
    "transaction_timestamp": "STABLE",
    "statement_timestamp": "STABLE",
    "clock_timestamp": "VOLATILE",
}
_TYPES = {"current_date": "date", "current_timestamp": "timestamptz", "localtimestamp": "timestamp"}
_WORD = r"\b(current_date|current_timestamp|localtimestamp)\b(\s*\(\s*[0-6]\s*\))?"
# What stands in quotes or comments stays; a body between dollars is code.
_SCRIPT_PART = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\r\n]*|/\*.*?\*/|" + _WORD, re.IGNORECASE | re.DOTALL
)
_FUNCTIONS = """
SELECT p.oid, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY(%s) AND p.prosrc ~* %s
"""
_DEFAULTS = """
SELECT n.nspname, c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
WHERE n.nspname = ANY(%s) AND a.attgenerated = '' AND pg_get_expr(d.adbin, d.adrelid) ~* %s
"""
_POSTGRES_WORD = r"\m(current_date|current_timestamp|localtimestamp)\M"


def shift_clock(connection: psycopg.Connection, schemas: Sequence[str]) -> None:
    """Let all that stands in a scratch database tell another date. Raise `psycopg.Error`.

    The role must be a superuser.
    """
    with connection.transaction():
        connection.execute(f"CREATE SCHEMA {_SCHEMA}; GRANT USAGE ON SCHEMA {_SCHEMA} TO PUBLIC")
        for name, volatility in _CLOCKS.items():
            connection.execute(_replace_clock(name, volatility).encode())
        for name, type_name in _TYPES.items():
            connection.execute(_make_call(name, type_name).encode())
        _rewrite_functions(connection, schemas)
        _rewrite_defaults(connection, schemas)


def shift_text(text: str) -> str:
    """Return code that calls the shifted clock wherever it names the present date."""
    return _SCRIPT_PART.sub(_call_clock, text)


def shift_script(script: MigrationScript) -> MigrationScript:
    """Return a script that calls the shifted clock wherever it names the present date."""
    text = script.content.decode("utf-8-sig")
    return replace(script, content=shift_text(text).encode())


def _replace_clock(name: str, volatility: str) -> str:
    kind = f"RETURNS timestamptz LANGUAGE {{}} {volatility} PARALLEL SAFE STRICT AS"
    # PostgreSQL knows its own function by the name of the C function, too.
    symbol = "now" if name == "transaction_timestamp" else name
    body = f"SELECT {_SCHEMA}.{name}() + interval ''{_DAYS} days''"
    return (
        f"CREATE FUNCTION {_SCHEMA}.{name}() {kind.format('internal')} '{symbol}';"
        f"CREATE OR REPLACE FUNCTION pg_catalog.{name}() {kind.format('sql')} '{body}'"
    )


def _make_call(name: str, type_name: str) -> str:
    """Return the functions that stand for a word, without and with a number of digits."""
    kind = f"RETURNS {type_name} LANGUAGE sql STABLE PARALLEL SAFE AS"
    made = f"CREATE FUNCTION {_SCHEMA}.{name}() {kind} 'SELECT pg_catalog.now()::{type_name}';"
    if type_name == "date":
        return made
    base, zone = "timestamp", " with time zone" if type_name == "timestamptz" else ""
    cases = " ".join(f"WHEN {n} THEN pg_catalog.now()::{base}({n}){zone}" for n in range(6))
    body = f"SELECT CASE $1 {cases} ELSE pg_catalog.now()::{type_name} END"
    return f"{made} CREATE FUNCTION {_SCHEMA}.{name}(int) {kind} '{body}'"


def _rewrite_functions(connection: psycopg.Connection, schemas: Sequence[str]) -> None:
    found = connection.execute(_FUNCTIONS, [list(schemas), _POSTGRES_WORD]).fetchall()
    for oid, source in found:
        text = shift_text(source)
        connection.execute("UPDATE pg_proc SET prosrc = %s WHERE oid = %s", [text, oid])


def _rewrite_defaults(connection: psycopg.Connection, schemas: Sequence[str]) -> None:
    found = connection.execute(_DEFAULTS, [list(schemas), _POSTGRES_WORD]).fetchall()
    statement = sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT ")
    for schema, table, column, expression in found:
        start = statement.format(sql.Identifier(schema, table), sql.Identifier(column))
        text = start.as_string(connection) + shift_text(expression)
        connection.execute(text.encode())


def _call_clock(part: re.Match[str]) -> str:
    if not part[1]:
        return part[0]
    return f"{_SCHEMA}.{part[1]}{part[2] or '()'}"

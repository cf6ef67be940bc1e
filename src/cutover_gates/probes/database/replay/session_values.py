"""What scripts read of the session, the server or its machine.

Two replays agree on it, and the target may not: an address, a setting, a file. So texts are looked
at: the statements of the scripts, and the functions, views, defaults and triggers that these use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import MigrationScript
from cutover_gates.probes.database.history.script_execution import split_statements
from cutover_gates.probes.database.measurement.table_specs import TupleConnection
from cutover_gates.probes.database.replay.disturbed_copy import Circumstances
from cutover_gates.probes.database.replay.replay_record import ReplayedTable

_SESSION = (
    r"inet_(?:client|server)_(?:addr|port)\s*\(",
    # The version is the same wherever a replay runs: a scratch server is of the target's.
    r"current_setting\s*\(\s*'(?!server_version)",
    r"current_schemas?\b",
    r"system_user\b",
    r"pg_(?:postmaster_start_time|conf_load_time|control_\w+|read_\w*file|ls_\w+|stat_file)\s*\(",
    r"pg_(?:settings|stat_\w+|file_settings|hba_file_rules|locks|prepared_xacts)\b",
    r"pg_(?:relation|total_relation|table|indexes|database|column)_size\s*\(",
    r"dblink\w*\s*\(",
    r"'(?:now|today|tomorrow|yesterday)'",
)
_USER = (r"(?:current|session)_user\b", r"current_role\b", r"(?<![\w.\"])user(?=\s*(?:[,;):]|$))")
_CLOCK = (
    r"(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|age)\s*\(",
    r"(?:current_date|current_timestamp|localtimestamp)\b",
)
# They give nothing a value by themselves. What they make counts where something uses it.
_WITHOUT_VALUES = re.compile(
    r"(?:CREATE|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:(?:TEMP|TEMPORARY|RECURSIVE|CONSTRAINT|EVENT)\s+)*"
    r"(?:POLICY|VIEW|FUNCTION|PROCEDURE|TRIGGER|ROLE|INDEX|SCHEMA|DATABASE|SYSTEM)\b"
    r"|COMMENT\b|GRANT\b|REVOKE\b|SET\b|RESET\b",
    re.IGNORECASE,
)
_OBJECTS = """
SELECT p.proname, p.prosrc || coalesce(pg_get_function_sqlbody(p.oid), '')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY(%(schemas)s)
UNION ALL
SELECT c.relname, pg_get_viewdef(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname = ANY(%(schemas)s)
"""
_DEFAULTS = """
SELECT n.nspname || '.' || c.relname, pg_get_expr(d.adbin, d.adrelid), a.attname
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum WHERE n.nspname = ANY(%(schemas)s)
"""
# Bit 1 of the type: before the row is written, so that the trigger can change it.
_TRIGGERS = """
SELECT n.nspname || '.' || c.relname, p.proname || '()', p.prosrc, t.tgtype & 2 <> 0
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal AND n.nspname = ANY(%(schemas)s)
"""


def add_dependencies(
    connection: TupleConnection,
    context: DatabaseContext,
    scripts: Sequence[MigrationScript],
    tables: Mapping[str, ReplayedTable],
    changed: Circumstances,
) -> dict[str, ReplayedTable]:
    """Return the tables, each with what it may have got from the session.

    `changed` is what was other on the second copy: the comparison has looked at that already.
    """
    search = _Search(connection, context.migrations.schemas, list_patterns(changed))
    reasons: dict[str, str] = {}
    for script in scripts:
        text = script.content.decode("utf-8-sig")
        for word, named in search.find_uses(text, tables):
            for name in named:
                reasons.setdefault(name, f"{script.file_name} reads {word}")
    for name, word in search.find_in_tables(tables):
        reasons.setdefault(name, f"a default or trigger of it reads {word}")
    # Where the scripts put no row, no value came from anywhere.
    return {
        name: replace(table, reads=reasons.get(name) if table.figures.counted else None)
        for name, table in tables.items()
    }


def list_patterns(changed: Circumstances) -> list[str]:
    """Return what to look for: what was not other on the second copy."""
    patterns = list(_SESSION)
    if changed.user is None:
        patterns += _USER
    if not changed.has_other_date:
        patterns += _CLOCK
    return patterns


@dataclass(frozen=True)
class _Search:
    """One search in the scripts and in the database after them."""

    connection: TupleConnection
    schemas: Sequence[str]
    patterns: Sequence[str]

    @cached_property
    def words(self) -> re.Pattern[str]:
        """What is looked for, and the names of functions and views that hold it."""
        pattern = _compile(self.patterns)
        objects = [(str(name), str(text)) for name, text in self._read(_OBJECTS)]
        found: set[str] = set()
        # What calls such a function is one, too.
        while new := {name for name, text in objects if name not in found and pattern.search(text)}:
            found |= new
            names = (rf"{re.escape(name)}\b" for name in sorted(found))
            pattern = _compile([*self.patterns, *names])
        return pattern

    def find_uses(
        self, text: str, tables: Mapping[str, ReplayedTable]
    ) -> Iterator[tuple[str, list[str]]]:
        """Yield what each statement reads, and the tables that it may give it to.

        A statement that names none of the tables may write into any.
        """
        for statement in split_statements(text):
            word = None if _WITHOUT_VALUES.match(statement) else self.words.search(statement)
            if word:
                named = [name for name in tables if _is_named(name, statement)]
                yield _clean(word[0]), named or [*tables]

    def find_in_tables(self, tables: Mapping[str, ReplayedTable]) -> Iterator[tuple[str, str]]:
        """Yield the tables of which a compared column gets it by a default or a trigger."""
        for name, text, column in self._read(_DEFAULTS):
            word = self.words.search(text)
            if word and name in tables and column in _compared(tables[name]):
                yield name, _clean(word[0])
        for name, call, body, is_before in self._read(_TRIGGERS):
            if not self.words.search(call):
                continue
            changes_row = is_before and name in tables
            if changes_row and any(_is_named(each, body) for each in _compared(tables[name])):
                yield name, call
            # It may write into another table, such as a log.
            yield from (
                (other, call) for other in tables if other != name and _is_named(other, body)
            )

    def _read(self, query: str) -> list[Any]:
        rows = self.connection.execute(query.encode(), {"schemas": list(self.schemas)}).fetchall()
        return [row for row in rows if row[1] is not None]


def _compile(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$])(?:{'|'.join(patterns)})", re.IGNORECASE)


def _compared(table: ReplayedTable) -> list[str]:
    """Return the compared columns of a table; of an old one those that are new."""
    figures = table.figures
    return [name for name in figures.columns if table.is_new or name not in figures.key]


def _is_named(name: str, text: str) -> bool:
    """Return whether a text names a table, with or without its schema, or a column."""
    word = re.escape(name.rpartition(".")[2])
    return re.search(rf"\b{word}\b", text, re.IGNORECASE) is not None


def _clean(word: str) -> str:
    return word.strip("('\" ") + ("()" if word.rstrip("'").endswith("(") else "")

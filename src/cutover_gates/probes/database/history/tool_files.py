"""The migrations of a release on disk, of tools that are known by their files' names.

Liquibase's are change sets in changelogs: XML, YAML, JSON or SQL with comments. They are read
without running Liquibase. A change set is named by file, id and author; the history has the file's
path as Liquibase was called, so only the file's name counts here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.history_record import FileDigest
from cutover_gates.probes.database.history.history_table import history_table_name
from cutover_gates.probes.database.history.migration_scripts import iter_locations

_XML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_XML_CHANGE_SET = re.compile(r"<(?:\w+:)?changeSet\b([^>]*)>", re.DOTALL)
_XML_ATTRIBUTE = re.compile(r"""\b(id|author)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SQL_CHANGE_SET = re.compile(r"(?mi)^\s*--\s*changeset\s+(?:\"([^\"]+)\"|([^\s:]+)):(\S+)")
_YAML_CHANGE_SET = re.compile(r"(?m)^(\s*)-\s+changeSet:\s*$")
_YAML_FIELD = re.compile(r"""(?m)^\s+(id|author):\s*(?:"([^"]*)"|'([^']*)'|([^\s#]+))""")


def list_change_sets(path: Path) -> list[str]:
    """Return the change sets of a file as `name::id::author`; none for a file of another kind."""
    text = path.read_text(encoding="utf-8", errors="replace")
    readers = {
        ".xml": _read_xml,
        ".sql": _read_sql,
        ".yaml": _read_yaml,
        ".yml": _read_yaml,
        ".json": _read_json,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        return []
    return [f"{path.name}::{name}::{author}" for name, author in reader(text)]


def shorten_path(change_set: str) -> str:
    """Return a change set of the history with the name of its file for the path."""
    path, separator, rest = change_set.partition("::")
    return f"{path.replace(chr(92), '/').rpartition('/')[2]}{separator}{rest}"


def _read_xml(text: str) -> Iterator[tuple[str, str]]:
    for tag in _XML_CHANGE_SET.finditer(_XML_COMMENT.sub("", text)):
        found = _XML_ATTRIBUTE.findall(tag[1])
        fields = {name: double or single for name, double, single in found}
        if "id" in fields and "author" in fields:
            yield fields["id"], fields["author"]


def _read_sql(text: str) -> Iterator[tuple[str, str]]:
    for match in _SQL_CHANGE_SET.finditer(text):
        yield match[3], match[1] or match[2]


def _read_yaml(text: str) -> Iterator[tuple[str, str]]:
    starts = [match.end() for match in _YAML_CHANGE_SET.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        fields: dict[str, str] = {}
        for name, double, single, plain in _YAML_FIELD.findall(text[start:end]):
            # A column of a table may be called id as well: the first one is the change set's.
            fields.setdefault(name, double or single or plain)
        if "id" in fields and "author" in fields:
            yield fields["id"], fields["author"]


def _read_json(text: str) -> Iterator[tuple[str, str]]:
    try:
        document: Any = json.loads(text)
    except ValueError:
        return
    entries = document.get("databaseChangeLog", []) if isinstance(document, dict) else []
    for entry in entries:
        change_set = entry.get("changeSet") if isinstance(entry, dict) else None
        if isinstance(change_set, dict) and "id" in change_set and "author" in change_set:
            yield str(change_set["id"]), str(change_set["author"])


_QUERY = "SELECT lockgranted::text AS since FROM {} WHERE locked"


def find_held_lock(context: DatabaseContext) -> Finding | None:
    """Return a finding where the lock is held; None where it is free, or cannot be read."""
    schema, table = history_table_name(context)
    query = sql.SQL(_QUERY).format(sql.Identifier(schema, f"{table}lock"))
    with context.connect() as connection:
        try:
            row = connection.execute(query).fetchone()
        except psycopg.Error:
            return None
    if row is None:
        return None
    actual = f"held since {row['since']} (the time of the machine that holds it)"
    return Finding(rules.MIGRATIONS_SUCCEEDED, f"{schema}.{table}lock", "no lock", actual)


_GOLANG = re.compile(r"(\d+)_.*\.up\.\w+")
_RAILS = re.compile(r"(\d+)_\w+\.rb")
_ENTITY_FRAMEWORK = re.compile(r"(\d{14}_[^.]+)\.(?:cs|vb)")
_PRISMA_SCRIPT = "migration.sql"


@dataclass
class ToolFiles:
    """The files by name, and the migrations that they hold.

    `migrations` maps each migration, as the history's first column names it, to its file.
    """

    digests: dict[str, FileDigest] = field(default_factory=dict)
    migrations: dict[str, str] = field(default_factory=dict)


def load_tool_files(context: DatabaseContext) -> ToolFiles:
    """Return what lies in the locations; nothing where the settings name none.

    Raises `NotProven` where a location does not exist.
    """
    files = ToolFiles()
    if not context.migrations.locations:
        return files
    name_migrations = _NAMES.get(context.migrations.tool)
    for location in iter_locations(context):
        for path in sorted(one for one in location.rglob("*") if one.is_file()):
            shown = path.relative_to(location).as_posix()
            found = list(name_migrations(path)) if name_migrations else []
            if found or name_migrations is None:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                files.digests[shown] = FileDigest(digest)
            files.migrations |= dict.fromkeys(found, shown)
    return files


def _name_golang(path: Path) -> Iterator[str]:
    if match := _GOLANG.fullmatch(path.name):
        yield str(int(match[1]))


def _name_rails(path: Path) -> Iterator[str]:
    if match := _RAILS.fullmatch(path.name):
        yield match[1]


def _name_prisma(path: Path) -> Iterator[str]:
    if path.name == _PRISMA_SCRIPT:
        yield path.parent.name


def _name_entity_framework(path: Path) -> Iterator[str]:
    if match := _ENTITY_FRAMEWORK.fullmatch(path.name):
        yield match[1]


def _name_liquibase(path: Path) -> Iterator[str]:
    yield from list_change_sets(path)


_NAMES: dict[str, Callable[[Path], Iterator[str]]] = {
    "golang-migrate": _name_golang,
    "rails": _name_rails,
    "prisma": _name_prisma,
    "entity-framework": _name_entity_framework,
    "liquibase": _name_liquibase,
}

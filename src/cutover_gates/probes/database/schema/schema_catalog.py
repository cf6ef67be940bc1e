"""The catalog of a database as plain data: kind → name → facts.

    Catalog({"column": {"public.visits.status": {
        "of": "table public.visits", "type": "character varying(16)", "nulls": "refused"}}})

`of` names the object (kind and name) that another one belongs to, so that a missing table is not
reported again for each of its columns. A fact that does not apply is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import dict_row

Fact = str | int | list[str] | None
Facts = Mapping[str, Fact]

SCHEMA_KINDS = (
    "schema",
    "type",
    "table",
    "materialized view",
    "view",
    "column",
    "sequence",
    "constraint",
    "index",
    "function",
    "trigger",
    "policy",
    "rule",
    "statistics",
)
"""Kinds that scripts make, each after the kinds that it may belong to."""
ENVIRONMENT_KINDS = (
    "database",
    "role",
    "extension",
    "owner",
    "grant",
    "default grant",
    "parameter grant",
    "large object grant",
)
"""Kinds around them, of which scripts usually say little: they were set up once, by hand."""
COLUMN_ORDER = "column order"
"""A kind of its own: another order of columns harms only statements that name no columns."""
DUMPED_KINDS = (
    "cast",
    "collation",
    "conversion",
    "operator",
    "operator family",
    "operator class",
    "text search parser",
    "text search template",
    "text search dictionary",
    "text search configuration",
    "table options",
    "column options",
    "event trigger",
)
"""Kinds that scripts or hands make, and that a dump of the database brings back."""
SUPPORTING_KINDS = (
    *DUMPED_KINDS,
    "publication",
    "subscription",
    "foreign data wrapper",
    "foreign server",
    "foreign table",
    "user mapping",
    "tablespace",
    "security label",
)
"""Kinds that scripts or hands make: each is as before, or as the migration makes it."""
PLANNER_STATISTICS = "planner statistics"
"""A kind of its own: no two databases have the same."""
OTHER_SCHEMA = "other schema"
"""A kind of its own: schemas that the settings do not name, with their tables."""
CATALOG_KINDS = (
    *SCHEMA_KINDS,
    COLUMN_ORDER,
    *SUPPORTING_KINDS,
    *ENVIRONMENT_KINDS,
    PLANNER_STATISTICS,
    OTHER_SCHEMA,
)


@dataclass(frozen=True)
class Catalog:
    """The objects of a database: `objects[kind][name]` are the facts.

    Names are `schema.name`, or `schema.table.name` for what belongs to a table; never quoted.
    """

    objects: Mapping[str, Mapping[str, Facts]]

    def as_plain(self) -> dict[str, Any]:
        """Return JSON-able values, from which `from_plain` makes an equal catalog."""
        return {kind: _copy_facts(objects) for kind, objects in self.objects.items()}

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> Catalog:
        """Return the catalog that `as_plain` wrote."""
        return Catalog({kind: dict(objects) for kind, objects in plain.items()})

    def __getitem__(self, kind: str) -> Mapping[str, Facts]:
        """Return all objects of a kind by name; none where the kind was not read."""
        return self.objects.get(kind, {})

    def select_kinds(self, *kinds: str) -> Catalog:
        """Return these kinds only."""
        return Catalog({kind: self[kind] for kind in kinds})

    def filter_objects(self, accepts: Callable[[str, str, Facts], bool]) -> Catalog:
        """Return the objects for which `accepts(kind, name, facts)` is true."""
        accepted: dict[str, dict[str, Facts]] = {kind: {} for kind in self.objects}
        for kind, objects in self.objects.items():
            for name, facts in objects.items():
                if accepts(kind, name, facts):
                    accepted[kind][name] = facts
        return Catalog(accepted)

    def subtract(self, other: Catalog) -> Catalog:
        """Return the objects that `other` has not, or with other facts."""
        return self.filter_objects(lambda kind, name, facts: other[kind].get(name) != facts)

    def exclude_tables(self, tables: Collection[str]) -> Catalog:
        """Return all but these tables (`schema.name`) and what belongs to them, also indirectly."""
        gone = {f"table {table}" for table in tables}
        # The kinds stand in an order in which what belongs to an object comes after it.
        for kind in CATALOG_KINDS:
            for name, facts in self[kind].items():
                if facts.get("of") in gone:
                    gone.add(f"{kind} {name}")
        return self.filter_objects(
            lambda kind, name, facts: f"{kind} {name}" not in gone and facts.get("of") not in gone
        )


_ITEM = r"""(?:E?'(?:[^']|'')*'|"(?:[^"]|"")*"|[\w.]+)(?:::\w[\w ]*)?"""
_CAST_ARRAY = re.compile(rf"\(ARRAY\[({_ITEM}(?:, {_ITEM})*)\]\)::([\w ]+)\[\]")


def read_catalog(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> Catalog:
    """Read all objects of the schemas and their environment, without extensions' own parts.

    It takes 0.1 s for a hundred tables. Raises `psycopg.Error`, such as `LockNotAvailable` while a
    session changes a table.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        # Every name then has its schema, whatever search_path the role has.
        cursor.execute("SET LOCAL search_path = ''")
        return _drop_strays({kind: _read_objects(cursor, kind, schemas) for kind in CATALOG_KINDS})


def _read_objects(
    cursor: psycopg.Cursor[dict[str, Any]], kind: str, schemas: Sequence[str]
) -> dict[str, Facts]:
    rows = cursor.execute(load_query(kind), {"schemas": list(schemas)})
    return {str(row.pop("name")): _row_facts(row) for row in rows}


def _drop_strays(objects: Mapping[str, Mapping[str, Facts]]) -> Catalog:
    """Return the catalog without what belongs to something that was not read.

    Such are the columns of an extension's table.
    """
    remaining: dict[str, dict[str, Facts]] = {}
    read: set[Fact] = {None}
    # The kinds stand in an order in which what belongs to an object comes after it.
    for kind, named in objects.items():
        remaining[kind] = {name: facts for name, facts in named.items() if facts.get("of") in read}
        read |= {f"{kind} {name}" for name in remaining[kind]}
    return Catalog(remaining)


@cache
def load_query(kind: str) -> bytes:
    """Return the query of a kind, with the parameter `schemas`."""
    folder = files("cutover_gates.probes.database.schema") / "sql"
    text = (folder / f"{kind.replace(' ', '_')}.sql").read_text(encoding="utf-8")
    return text.replace("{objects}", (folder / "objects.sql").read_text(encoding="utf-8")).encode()


def _row_facts(row: dict[str, Any]) -> Facts:
    return {name: _normalize_fact(value) for name, value in row.items() if value is not None}


def _normalize_fact(value: Fact) -> Fact:
    """Return a fact in the form in which PostgreSQL writes it after a dump and restore.

    `x IN ('a', 'b')` over varchar is `(ARRAY['a'::varchar])::text[]` before, and
    `ARRAY[('a'::varchar)::text]` after. Both mean the same.
    """
    if isinstance(value, list):
        return [str(_normalize_fact(item)) for item in value]
    return _CAST_ARRAY.sub(_cast_items, value) if isinstance(value, str) else value


def _cast_items(match: re.Match[str]) -> str:
    items = [f"({item})::{match[2]}" for item in re.findall(_ITEM, match[1])]
    return f"ARRAY[{', '.join(items)}]"


def _copy_facts(objects: Mapping[str, Facts]) -> dict[str, dict[str, Any]]:
    return {name: dict(facts) for name, facts in objects.items()}

"""The catalog of a database as plain data: kind → name → facts.

Catalog({"column": {"public.visits.status": {"of": "table public.visits", "type": "character
varying(16)", "nulls": "refused"}}})

`of` names what a thing goes with (kind and name): whoever misses the table is not told of each of
its columns. A fact that is not there is None.
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
    "event trigger",
)
"""What scripts make, each kind after what it may go with."""
ENVIRONMENT_KINDS = ("database", "role", "extension", "owner", "grant", "default grant")
"""What stands around it, of which scripts usually say little: it was set up by hand, once."""
COLUMN_ORDER = "column order"
"""Told apart from the rest: a column that stands elsewhere harms only those who name no columns."""
CATALOG_KINDS = (*SCHEMA_KINDS, COLUMN_ORDER, *ENVIRONMENT_KINDS)


@dataclass(frozen=True)
class Catalog:
    """`things[kind][name]` are the facts.

    Names are `schema.name`, or `schema.table.name` for what belongs to a table; never quoted.
    """

    objects: Mapping[str, Mapping[str, Facts]]

    def as_plain(self) -> dict[str, Any]:
        """JSON-able; `from_plain` makes an equal catalog of it."""
        return {
            kind: {name: dict(facts) for name, facts in named.items()}
            for kind, named in self.objects.items()
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> Catalog:
        """The inverse of `as_plain`."""
        return Catalog({kind: dict(named) for kind, named in plain.items()})

    def __getitem__(self, kind: str) -> Mapping[str, Facts]:
        """All things of a kind by name; none where the kind was not read."""
        return self.objects.get(kind, {})

    def select_kinds(self, *kinds: str) -> Catalog:
        """These kinds, and no other."""
        return Catalog({kind: self[kind] for kind in kinds})

    def filter_objects(self, holds: Callable[[str, str, Facts], bool]) -> Catalog:
        """The things for which `holds(kind, name, facts)`."""
        return Catalog(
            {
                kind: {name: facts for name, facts in named.items() if holds(kind, name, facts)}
                for kind, named in self.objects.items()
            }
        )

    def subtract(self, other: Catalog) -> Catalog:
        """The things that `other` has not, or not so."""
        return self.filter_objects(lambda kind, name, facts: other[kind].get(name) != facts)

    def exclude_tables(self, tables: Collection[str]) -> Catalog:
        """All but these tables (`schema.name`) and whatever goes with them, directly or through
        something else.
        """
        gone = {f"table {table}" for table in tables}
        for kind in CATALOG_KINDS:
            gone |= {
                f"{kind} {name}" for name, facts in self[kind].items() if facts.get("of") in gone
            }
        return self.filter_objects(
            lambda kind, name, facts: f"{kind} {name}" not in gone and facts.get("of") not in gone
        )


_ITEM = r"""(?:E?'(?:[^']|'')*'|"(?:[^"]|"")*"|[\w.]+)(?:::\w[\w ]*)?"""
_CAST_ARRAY = re.compile(rf"\(ARRAY\[({_ITEM}(?:, {_ITEM})*)\]\)::([\w ]+)\[\]")


def read_catalog(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> Catalog:
    """All that the schemas are made of, and what stands around them, extensions and their parts
    left out. 0.1 s for a hundred tables.

    Raises `psycopg.Error`, such as `LockNotAvailable` when somebody changes a table at the moment.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SET LOCAL search_path = ''"
        )  # so that every name comes with its schema, whatever a role's own path
        return _drop_strays({kind: _read_objects(cursor, kind, schemas) for kind in CATALOG_KINDS})


def _read_objects(
    cursor: psycopg.Cursor[dict[str, Any]], kind: str, schemas: Sequence[str]
) -> dict[str, Facts]:
    return {
        str(row.pop("name")): _row_facts(row)
        for row in cursor.execute(_load_query(kind), {"schemas": list(schemas)})
    }


def _drop_strays(things: dict[str, dict[str, Facts]]) -> Catalog:
    """Without what goes with something that was left out, such as the columns of an extension's
    table.
    """
    kept, read = dict[str, dict[str, Facts]](), set[Fact]([None])
    for (
        kind,
        named,
    ) in things.items():  # in an order in which what goes with another thing comes after it
        kept[kind] = {name: facts for name, facts in named.items() if facts.get("of") in read}
        read |= {f"{kind} {name}" for name in kept[kind]}
    return Catalog(kept)


@cache
def _load_query(kind: str) -> bytes:
    folder = files("cutover_gates.probes.database.schema") / "sql"
    text = (folder / f"{kind.replace(' ', '_')}.sql").read_text(encoding="utf-8")
    return text.replace("{objects}", (folder / "objects.sql").read_text(encoding="utf-8")).encode()


def _row_facts(row: dict[str, Any]) -> Facts:
    return {name: _normalize_fact(value) for name, value in row.items() if value is not None}


def _normalize_fact(value: Fact) -> Fact:
    """PostgreSQL writes `x IN ('a', 'b')` over varchar differently once it was dumped and restored:
    `(ARRAY['a'::varchar])::text[]` has become `ARRAY[('a'::varchar)::text]`. Both mean the same, so
    the first is written as the second.
    """
    if isinstance(value, list):
        return [str(_normalize_fact(item)) for item in value]
    return _CAST_ARRAY.sub(_cast_items, value) if isinstance(value, str) else value


def _cast_items(match: re.Match[str]) -> str:
    return (
        "ARRAY[" + ", ".join(f"({item})::{match[2]}" for item in re.findall(_ITEM, match[1])) + "]"
    )

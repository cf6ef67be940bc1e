"""Reads a catalog: one query a kind (`sql/`), in PostgreSQL's own words (`pg_get_constraintdef` and
the like), with no right but to connect.

Tried on PostgreSQL 15, 16 and 18. Catalogs of different major versions are not compared well: the
words change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import dict_row

from cutover.database.catalog.model import KINDS, Catalog, Fact, Facts

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
        return _without_strays({kind: _things(cursor, kind, schemas) for kind in KINDS})


def _things(
    cursor: psycopg.Cursor[dict[str, Any]], kind: str, schemas: Sequence[str]
) -> dict[str, Facts]:
    return {
        str(row.pop("name")): _facts(row)
        for row in cursor.execute(_query(kind), {"schemas": list(schemas)})
    }


def _without_strays(things: dict[str, dict[str, Facts]]) -> Catalog:
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
def _query(kind: str) -> bytes:
    folder = files("cutover.database.catalog") / "sql"
    text = (folder / f"{kind.replace(' ', '_')}.sql").read_text(encoding="utf-8")
    return text.replace("{objects}", (folder / "objects.sql").read_text(encoding="utf-8")).encode()


def _facts(row: dict[str, Any]) -> Facts:
    return {name: _settled(value) for name, value in row.items() if value is not None}


def _settled(value: Fact) -> Fact:
    """PostgreSQL writes `x IN ('a', 'b')` over varchar differently once it was dumped and restored:
    `(ARRAY['a'::varchar])::text[]` has become `ARRAY[('a'::varchar)::text]`. Both mean the same, so
    the first is written as the second.
    """
    if isinstance(value, list):
        return [str(_settled(item)) for item in value]
    return _CAST_ARRAY.sub(_cast_items, value) if isinstance(value, str) else value


def _cast_items(match: re.Match[str]) -> str:
    return (
        "ARRAY[" + ", ".join(f"({item})::{match[2]}" for item in re.findall(_ITEM, match[1])) + "]"
    )

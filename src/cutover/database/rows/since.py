"""What was acknowledged since the snapshot: rows that a restore of it loses, by number and by key."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cutover.database.rows import statements
from cutover.database.rows.figures import TableFigures
from cutover.database.rows.locating import KEYS, key_text
from cutover.database.rows.reading import reading
from cutover.database.rows.tables import Connection, Table, TableSpec, fields, read_tables
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import Examination

Came = dict[str, dict[str, Any]]
"""By table: `rows`, the number above the mark, and `keys`, up to `KEYS` of them."""


def came(site: Site, before: Snapshot, dsn: str) -> Came:
    """Of every table that grows."""
    found: Came = {}
    with reading(dsn, time.time() + site.budget.left, site.migrations.schemas) as session:
        tables, _ = read_tables(session.first, site.migrations.schemas)
        for name, then in before.figures.tables.items():
            table = tables.get(name)
            if table is None or then.above is None or then.above not in table.columns:
                continue
            with (
                suppress(psycopg.Error),
                session.first.transaction(),
            ):  # whoever counts and compares says why it cannot be read
                found[site.shown(name)] = _newer(session.first, table, then)
    return found


def _newer(connection: Connection, table: Table, then: TableFigures) -> dict[str, Any]:
    key = tuple(column for column in then.key if column in table.columns)
    spec = TableSpec(table, fields(connection, table, key), key, above=then.above, mark=then.mark)
    where = statements.is_new(spec)
    number = connection.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE {}").format(spec.table.identifier, where)
    ).fetchone()
    if not spec.key or not number or not number[0]:
        return {"rows": number[0] if number else 0, "keys": []}
    query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}").format(
        key_text(spec),
        spec.table.identifier,
        where,
        sql.Identifier(spec.above or ""),
        sql.Literal(KEYS),
    )
    return {"rows": number[0], "keys": [key for (key,) in connection.execute(query).fetchall()]}


def acknowledged(site: Site, before: Snapshot, dsn: str) -> Examination:
    """What stands above the marks now, and what stood there when a gate looked last, before a
    restore took it away.
    """
    now, noted = came(site, before, dsn), _read(_note(before))
    gone = {
        name: seen["rows"] - now.get(name, {"rows": 0})["rows"]
        for name, seen in noted.get("came", {}).items()
    }
    lost = {name: rows for name, rows in gone.items() if rows > 0}
    facts = {
        "snapshot": before.taken,
        "came since": now,
        "seen last": noted,
        "lost by the restore": lost,
    }
    growing = tuple(site.shown(name) for name, then in before.figures.tables.items() if then.above)
    unproven = (
        ()
        if growing
        else (
            (
                "No table is declared to grow (grows_above), so what came since the snapshot cannot"
                " be told from what was there."
            ),
        )
    )
    return Examination(
        "What was acknowledged since the snapshot is listed", growing, (), unproven, facts
    )


def note(site: Site, before: Snapshot, dsn: str) -> None:
    """Write down what came by now, beside the snapshot: after a restore nobody could say it any
    more.
    """
    path = _note(before)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(
        json.dumps({"at": time.time(), "came": came(site, before, dsn)}), encoding="utf-8"
    )
    unfinished.rename(path)


def _note(before: Snapshot) -> Path:
    assert before.path is not None  # it was loaded from there
    return before.path.with_name(f"{before.path.name.split('.json')[0]}.since.json")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}

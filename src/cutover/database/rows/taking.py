"""Takes a snapshot: what is to be kept of each table is settled first, then all is measured at one
moment.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql

from cutover.database.rows import server
from cutover.database.rows.figures import Division, Figures
from cutover.database.rows.measure import measure_in
from cutover.database.rows.progress import Progress
from cutover.database.rows.reading import reading
from cutover.database.rows.tables import Connection, Table, TableSpec, read_tables, spec_of
from cutover.database.session import first_line
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot, declarations
from cutover.evidence.examination import NotProven
from cutover.settings import SettingsError

SEGMENTS = 1 << 16
"""The most that one table has."""
ALL_SEGMENTS = 1 << 20
"""The most that all tables have together: each costs 40 bytes of the snapshot."""
PER_SEGMENT = 16
"""Rows that a segment is meant to have: so few keys that a reader can go through them."""
_ROW = 128
"""Bytes that a row is taken to have, to guess how many there are."""
_WAIT = 10.0
"""Seconds to wait for transactions that were open when the marks were read."""
_OPEN = """
SELECT count(*) AS open FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start < %s
"""


def taken(site: Site) -> Snapshot:
    """Measure the whole database.

    Raises `NotProven`, `SettingsError` (a declaration that cannot be), `DatabaseSilent`.
    """
    marks = _marks(site)
    server.await_standby(site)
    with site.connect() as target:
        facts, migration = server.facts(target), server.migration(site, target)
        catalog = _catalog(site, target)
    dsn, schemas = site.heavy_dsn, site.migrations.schemas
    began = time.time()
    with reading(dsn, time.time() + site.budget.left, schemas) as session:
        tables, left_out = read_tables(session.first, schemas)
        specs = [_spec(session.first, site, table, marks, len(tables)) for table in tables.values()]
        become = {
            name: _rows_become(session.first, site, name)
            for name in tables
            if site.change_of(name).rows_become
        }
        figures = measure_in(
            session,
            specs,
            connections=site.migrations.connections,
            watch=Progress(site, "snapshot"),
        )
    return Snapshot(
        site.target,
        site.release,
        migration,
        began,
        facts,
        _with(figures, become),
        declarations(site),
        catalog,
        _history(site),
        left_out,
    )


def _marks(site: Site) -> dict[str, str | None]:
    """For each table that grows, its column's highest value, as text.

    Whatever is below it was there before; but a transaction that began earlier may still bring a
    row from below it. So those that are open now are waited for, and only then is the snapshot
    taken.
    """
    growing = {
        name: change.grows_above
        for name, change in site.migrations.tables.items()
        if change.grows_above
    }
    if not growing:
        return {}
    with reading(
        site.heavy_dsn, time.time() + site.budget.left, site.migrations.schemas
    ) as session:
        tables, _ = read_tables(session.first, site.migrations.schemas)
        found = {
            name: _highest(session.first, table, column)
            for name, table in tables.items()
            if (column := site.change_of(name).grows_above) and column in table.columns
        }
    _await_open_transactions(site)
    return found


def _highest(connection: Connection, table: Table, column: str) -> str | None:
    found = connection.execute(
        sql.SQL(
            "SELECT {0}::text AS highest FROM {1} WHERE {0} IS NOT NULL ORDER BY {1}.{0} DESC"
            " LIMIT 1"
        ).format(sql.Identifier(column), table.identifier)
    ).fetchone()
    return found[0] if found else None


def _await_open_transactions(site: Site) -> None:
    with site.connect() as target:
        now = (target.execute("SELECT clock_timestamp() AS now").fetchone() or {})["now"]
        patience = time.monotonic() + min(_WAIT, site.budget.left / 10)
        while number := (target.execute(_OPEN, [now]).fetchone() or {"open": 0})["open"]:
            if time.monotonic() > patience:
                site.say(
                    f"snapshot: {number} transactions are still open; what they add may look like a"
                    " row too many among the old ones"
                )
                return
            time.sleep(0.05)


def _spec(
    connection: Connection, site: Site, table: Table, marks: Mapping[str, str | None], tables: int
) -> TableSpec:
    spec = replace(
        spec_of(connection, table, site.change_of(table.name)), mark=marks.get(table.name)
    )
    return divided(connection, spec, min(SEGMENTS, max(1, ALL_SEGMENTS // tables)))


def divided(connection: Connection, spec: TableSpec, most: int) -> TableSpec:
    """With at most so many segments, where it has a key."""
    division = _division(connection, spec, most)
    return spec.divided(division) if division else spec


def _division(connection: Connection, spec: TableSpec, most: int) -> Division | None:
    """So many segments that each has a few rows.

    A key of one integer is divided by ranges, which an index can find again.
    """
    if not spec.key or spec.cannot:
        return None
    if not spec.has_integer_key:
        return Division(_parts(spec.size // _ROW, most))
    first, last = _bounds(connection, spec)
    if first is None or last is None or max(-first, last) >= 1 << 61:
        return Division(1)
    span = last - first + 1
    parts = _parts(span, most)
    return Division(parts, first, max(0, (-(-span // parts) - 1).bit_length()))


def _bounds(connection: Connection, spec: TableSpec) -> tuple[int | None, int | None]:
    query = sql.SQL("SELECT min({0}), max({0}) FROM {1}").format(
        sql.Identifier(spec.key[0]), spec.table.identifier
    )
    return connection.execute(query).fetchone() or (None, None)


def _parts(rows: int, most: int) -> int:
    """A power of two."""
    return 1 << min(most.bit_length() - 1, (max(1, rows // PER_SEGMENT) - 1).bit_length())


def _rows_become(connection: Connection, site: Site, name: str) -> int:
    """Raises `SettingsError` for a query that gives no number."""
    query = site.change_of(name).rows_become or ""
    try:
        with connection.transaction():
            found = connection.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        raise SettingsError(
            f"migrations.tables.{site.shown(name)}.rows_become cannot be used: {first_line(error)}"
        ) from None
    if not found or len(found) != 1 or not isinstance(found[0], int):
        raise SettingsError(
            f"migrations.tables.{site.shown(name)}.rows_become must give one number of rows, as"
            " SELECT count(*) does"
        )
    return found[0]


def _with(figures: Figures, become: Mapping[str, int]) -> Figures:
    tables = {
        name: replace(table, rows_become=become.get(name)) for name, table in figures.tables.items()
    }
    return replace(figures, tables=tables)


def _catalog(site: Site, connection: psycopg.Connection[Any]) -> dict[str, Any]:
    from cutover.database.catalog import read_catalog

    try:
        return read_catalog(connection, site.migrations.schemas).as_plain()
    except psycopg.Error as error:
        raise NotProven(
            f"the catalog cannot be read, so there is no snapshot: {first_line(error)}"
        ) from None


def _history(site: Site) -> dict[str, Any]:
    from cutover.database.history import facts

    return dict(facts(site))

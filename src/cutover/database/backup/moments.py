"""When the release's migration began, and which tables a backup from before it must hold."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cutover.database.history.reading import history_table
from cutover.database.rows import read_tables
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import NotProven

_SINCE = {
    "flyway": (
        "SELECT extract(epoch FROM min(installed_on) AT TIME ZONE 'UTC')::float8 AS at FROM {}"
        " WHERE installed_rank > %s"
    ),
    "django": (
        "SELECT extract(epoch FROM min(applied))::float8 AS at FROM {} WHERE applied >"
        " to_timestamp(%s)"
    ),
}
_EAST, _WEST, _STEP = 14 * 3600, -12 * 3600, 15 * 60
"""How far the clocks of the world are from UTC, in seconds, and in which steps."""


@dataclass(frozen=True)
class Moment:
    """A time that is known up to a time zone: `earliest` and `latest` are `time.time()`s."""

    earliest: float
    latest: float


def first_change(site: Site, before: Snapshot) -> Moment | None:
    """When the first migration after the snapshot began; None where there was none or the history
    tells no times (Alembic).

    Flyway writes down the local time of wherever it ran, without saying which zone that is
    (`timestamp DEFAULT now()`, in the session of its JVM). So every zone counts in which the
    migration came after the snapshot and before now.
    """
    query = _SINCE.get(site.migrations.tool)
    if query is None:
        return None
    since = before.taken_at if site.migrations.tool == "django" else _last_rank(before)
    with site.connect() as connection:
        try:
            found = connection.execute(
                sql.SQL(query).format(sql.Identifier(*history_table(site))), [since]
            ).fetchone()
        except psycopg.errors.UndefinedTable:
            raise NotProven(
                f"the database keeps no history ({'.'.join(history_table(site))}), so nobody can"
                " say when it was changed"
            ) from None
    if found is None or found["at"] is None:
        return None
    return (
        Moment(found["at"], found["at"])
        if site.migrations.tool == "django"
        else _in_some_zone(found["at"], before.taken_at)
    )


def _in_some_zone(local: float, after: float) -> Moment:
    possible = [
        local - offset
        for offset in range(_WEST, _EAST + 1, _STEP)
        if after <= local - offset <= time.time()
    ]
    return Moment(min(possible, default=local), max(possible, default=local))


def _last_rank(before: Snapshot) -> int:
    return max(
        (int(row["installed_rank"]) for row in (before.history or {}).get("rows", [])), default=0
    )


def expected_tables(site: Site) -> tuple[str, set[str]]:
    """The database's name, and its tables: those of the snapshot, or before there is one those of
    the target.
    """
    with site.connect() as connection:
        row = connection.execute("SELECT current_database() AS it").fetchone()
    database = str((row or {})["it"])
    try:
        return database, set(Snapshot.newest(site).figures.tables)
    except NotProven:
        from cutover.database.rows.reading import reading

        with reading(
            site.dsn.get_secret_value(), site.budget.ends, site.migrations.schemas
        ) as session:
            return database, set(read_tables(session.first, site.migrations.schemas)[0])

"""When the release's migration began, and which tables a backup from before it must hold."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.history_table import history_table_name
from cutover_gates.probes.database.measurement.table_specs import read_tables
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

_FIRST_CHANGE_QUERIES = {
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
class ChangeTime:
    """A time that is known up to a time zone: `earliest` and `latest` are `time.time()`s."""

    earliest: float
    latest: float


def find_first_change(context: DatabaseContext, before: Snapshot) -> ChangeTime | None:
    """When the first migration after the snapshot began; None where there was none or the history
    tells no times (Alembic).

    Flyway writes down the local time of wherever it ran, without saying which zone that is
    (`timestamp DEFAULT now()`, in the session of its JVM). So every zone counts in which the
    migration came after the snapshot and before now.
    """
    query = _FIRST_CHANGE_QUERIES.get(context.migrations.tool)
    if query is None:
        return None
    since = before.taken_at if context.migrations.tool == "django" else _last_rank(before)
    with context.connect() as connection:
        try:
            found = connection.execute(
                sql.SQL(query).format(sql.Identifier(*history_table_name(context))), [since]
            ).fetchone()
        except psycopg.errors.UndefinedTable:
            raise NotProven(
                f"the database keeps no history ({'.'.join(history_table_name(context))}), so nobody can"
                " say when it was changed"
            ) from None
    if found is None or found["at"] is None:
        return None
    return (
        ChangeTime(found["at"], found["at"])
        if context.migrations.tool == "django"
        else _resolve_time_zone(found["at"], before.taken_at)
    )


def _resolve_time_zone(local: float, after: float) -> ChangeTime:
    possible = [
        local - offset
        for offset in range(_WEST, _EAST + 1, _STEP)
        if after <= local - offset <= time.time()
    ]
    return ChangeTime(min(possible, default=local), max(possible, default=local))


def _last_rank(before: Snapshot) -> int:
    return max(
        (int(row["installed_rank"]) for row in (before.history or {}).get("rows", [])), default=0
    )


def read_expected_tables(context: DatabaseContext) -> tuple[str, set[str]]:
    """The database's name, and its tables: those of the snapshot, or before there is one those of
    the target.
    """
    with context.connect() as connection:
        row = connection.execute("SELECT current_database() AS it").fetchone()
    database = str((row or {})["it"])
    try:
        return database, set(find_newest_snapshot(context).figures.tables)
    except NotProven:
        from cutover_gates.probes.database.measurement.consistent_session import (
            open_consistent_session,
        )

        with open_consistent_session(
            context.dsn.get_secret_value(), context.budget.ends, context.migrations.schemas
        ) as session:
            return database, set(read_tables(session.first, context.migrations.schemas)[0])

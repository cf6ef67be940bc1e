"""Expectations of a backup: recent, from before the migration, and with every table."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_contents import BackupContents
from cutover_gates.probes.database.backup.backup_files import BackupFile, modification_time
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.history_table import history_table_name
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_specs import read_tables
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

# Seconds by which the clocks of two machines may differ.
CLOCK_SKEW_SECONDS = 300.0
_SECONDS_PER_HOUR = 3600
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
# The range of the world's time zones, in seconds from UTC, and the step between them.
_EAST, _WEST, _STEP = 14 * 3600, -12 * 3600, 15 * 60


@dataclass(frozen=True)
class ChangeTime:
    """A time that is known up to its time zone: `earliest` and `latest` are `time.time()`s."""

    earliest: float
    latest: float

    @property
    def is_exact(self) -> bool:
        """True where the time zone is known."""
        return self.earliest == self.latest

    def __str__(self) -> str:
        if self.is_exact:
            return format_time(self.earliest)
        return (
            f"some time from {format_time(self.earliest)} to {format_time(self.latest)}"
            " (the history tells no time zone)"
        )


@dataclass(frozen=True)
class ExpectedTables:
    """The database that a backup must be of, and the tables that it must hold."""

    database: str
    tables: frozenset[str]


def format_time(moment: float) -> str:
    """Return a `time.time()` as text, in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def find_first_change(context: DatabaseContext, before: Snapshot) -> ChangeTime | None:
    """Return when the first migration after the snapshot began.

    None: there was none, or the history holds no times (Alembic). Flyway records the local time of
    its JVM without the zone (`timestamp DEFAULT now()`, in the session of its JVM), so every zone
    counts in which the migration came after the snapshot and before now.
    """
    tool = context.migrations.tool
    query = _FIRST_CHANGE_QUERIES.get(tool)
    if query is None:
        return None
    since = before.taken_at if tool == "django" else _last_rank(before)
    at = _query_first_change(context, query, since)
    if at is None:
        return None
    return ChangeTime(at, at) if tool == "django" else _resolve_time_zone(at, before.taken_at)


def _query_first_change(context: DatabaseContext, query: str, since: float) -> float | None:
    name = history_table_name(context)
    with context.connect() as connection:
        try:
            statement = sql.SQL(query).format(sql.Identifier(*name))
            row = connection.execute(statement, [since]).fetchone()
        except psycopg.errors.UndefinedTable:
            raise gap_error(
                rules.CHANGE_TIME_KNOWN, ".".join(name), "the database has no such table"
            ) from None
    return row["at"] if row else None


def _resolve_time_zone(local: float, after: float) -> ChangeTime:
    offsets = range(_WEST, _EAST + 1, _STEP)
    possible = [local - offset for offset in offsets if after <= local - offset <= time.time()]
    return ChangeTime(min(possible, default=local), max(possible, default=local))


def _last_rank(before: Snapshot) -> int:
    lines = before.history.lines if before.history else []
    return max((int(line["installed_rank"]) for line in lines), default=0)


def read_expected_tables(context: DatabaseContext) -> ExpectedTables:
    """Return the tables of the snapshot, or those of the target before there is a snapshot."""
    with context.connect() as connection:
        row = connection.execute("SELECT current_database() AS name").fetchone()
    database = str((row or {})["name"])
    try:
        before = find_newest_snapshot(context)
        return ExpectedTables(before.server.database, frozenset(before.figures.tables))
    except NotProven:
        schemas, dsn = context.migrations.schemas, context.dsn.get_secret_value()
        with open_consistent_session(dsn, context.budget.ends, schemas) as session:
            return ExpectedTables(database, frozenset(read_tables(session.first, schemas)[0]))


def check_age(
    context: DatabaseContext,
    backup: BackupFile,
    contents: BackupContents,
    builder: AssessmentBuilder,
    *,
    migration_began: ChangeTime | None = None,
) -> None:
    """Add a finding where the backup is too old, or its date later than its file's.

    The age counts at the beginning of the migration, where that is known, else now. Where its time
    zone is not known, it counts at the earliest possible time: the backup may be older.
    """
    made, hours = contents.made_at.timestamp(), context.migrations.backup.max_age_hours
    seen_at = migration_began.earliest if migration_began else time.time()
    age = (seen_at - made) / _SECONDS_PER_HOUR
    if age > hours:
        seen_from = "before the migration" if migration_began else "ago"
        if migration_began and not migration_began.is_exact:
            seen_from = f"{seen_from} or more (its history tells no time zone)"
        builder.add_finding(
            rules.RECENT,
            str(backup),
            expected=f"at most {hours:g} h (backup.max_age_hours)",
            actual=f"{age:.1f} h {seen_from}, at {format_time(made)}",
        )
    written = min(time.time(), modification_time(backup.path))
    if made > written + CLOCK_SKEW_SECONDS:
        builder.add_finding(
            rules.PLAUSIBLE_DATE,
            str(backup),
            expected=f"at most {format_time(written)}, when the file was written",
            actual=format_time(made),
        )


def check_moment(
    context: DatabaseContext,
    backup: BackupFile,
    contents: BackupContents,
    before: Snapshot,
    builder: AssessmentBuilder,
) -> None:
    """Add a finding where the backup is from after the migration began, or before the snapshot."""
    changed, made = find_first_change(context, before), contents.made_at.timestamp()
    check_age(context, backup, contents, builder, migration_began=changed)
    if changed and made > changed.latest:
        builder.add_finding(
            rules.BEFORE_MIGRATION,
            str(backup),
            expected=f"before the migration began: {changed}",
            actual=format_time(made),
        )
    elif changed and made > changed.earliest and not context.migrations.backup.restore:
        reason = f"made at {format_time(made)}; the migration began at {changed}"
        builder.add_gap(rules.BEFORE_MIGRATION, str(backup), reason)
    if made < before.taken_at - CLOCK_SKEW_SECONDS:
        builder.add_finding(
            rules.AFTER_SNAPSHOT,
            str(backup),
            expected=f"after {before.taken_at_text}",
            actual=format_time(made),
        )


def check_tables(
    context: DatabaseContext, contents: BackupContents, builder: AssessmentBuilder
) -> None:
    """Add a finding for another database, and for each table that is missing or without its rows.

    Raise `NotProven` where the target has no tables.
    """
    expected = read_expected_tables(context)
    if not expected.tables:
        raise gap_error(rules.DATA_EXISTS, context.target, "it has no tables")
    if contents.database is not None and contents.database != expected.database:
        builder.add_finding(
            rules.SAME_DATABASE,
            "the backup's database",
            expected=expected.database,
            actual=contents.database,
        )
    if contents.tables is None:
        return
    for name in sorted(expected.tables):
        shown = context.display_name(name)
        if name not in contents.tables:
            builder.add_finding(rules.TABLES_INCLUDED, shown, actual="not in the backup")
        elif contents.with_rows is not None and name not in contents.with_rows:
            builder.add_finding(rules.TABLE_ROWS_INCLUDED, shown, actual="without its rows")

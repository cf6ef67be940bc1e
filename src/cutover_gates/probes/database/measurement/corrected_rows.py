"""The rows of a table that differ from those that were kept, and who changed them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from psycopg import sql

from cutover_gates.config.corrections import SINCE, Corrections
from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.kept_rows import DifferingRows, KeptRows
from cutover_gates.probes.database.measurement.row_hashes import key_hash, row_hash
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection


def find_differing_rows(
    connection: TupleConnection,
    spec: TableSpec,
    kept: KeptRows,
    corrections: Corrections,
    *,
    since: float,
    migrated: bool,
) -> DifferingRows:
    """Return the rows that differ from `kept`, those that a person changed apart from the others.

    `since` is the `time.time()` of what was kept. Raise `psycopg.Error`, also for a query of the
    settings that cannot be run.
    """
    wanted = kept.by_key(migrated=migrated)
    audited = _read_audited_keys(connection, corrections, since)
    found = DifferingRows()
    for key, hashed, shown, by_columns, changed_at in _read_rows(
        connection, spec, kept, corrections
    ):
        if wanted.get(key) == hashed:
            continue
        if not by_columns or (audited is not None and shown not in audited):
            found.others.append(shown)
            continue
        found.corrected.append(shown)
        if changed_at is not None:
            found.changed_at[changed_at] = found.changed_at.get(changed_at, 0) + 1
    return found


def _read_rows(
    connection: TupleConnection, spec: TableSpec, kept: KeptRows, corrections: Corrections
) -> list[tuple[int, int, str, bool, str | None]]:
    """Return (hash of the key, of the row, key as text, corrected by its columns, time)."""
    at = corrections.changed_at
    time_of_change = sql.SQL("{}::text").format(sql.Identifier(at)) if at else sql.SQL("NULL")
    query = sql.SQL("SELECT {}, {}, {}, {}, {} FROM {} WHERE {}").format(
        key_hash(spec.content, spec.key),
        row_hash(spec.content, spec.key),
        table_queries.key_text(spec),
        _is_corrected(spec, kept, corrections),
        time_of_change,
        spec.table.identifier,
        table_queries.is_old(spec),
    )
    return connection.execute(query).fetchall()


def _is_corrected(spec: TableSpec, kept: KeptRows, corrections: Corrections) -> sql.Composable:
    """Return the condition that the columns of a row show a correction."""
    signs: list[sql.Composable] = [sql.SQL("true")]
    if column := corrections.changed_at:
        latest = sql.SQL("{}::{}").format(
            sql.Literal(kept.latest), sql.SQL(spec.table.columns[column])
        )
        # A table without any time of change had none before: each one is later.
        sign = sql.SQL("{} IS NOT NULL") if kept.latest is None else sql.SQL("{} > {}")
        signs.append(
            sql.SQL("coalesce({}, false)").format(
                sign.format(sql.Identifier(column), latest)
                if kept.latest is not None
                else sign.format(sql.Identifier(column))
            )
        )
    if column := corrections.changed_by:
        signs.append(
            sql.SQL("coalesce({}::text = ANY ({}), false)").format(
                sql.Identifier(column), sql.Literal(list(corrections.roles))
            )
        )
    return sql.SQL(" AND ").join(signs)


def _read_audited_keys(
    connection: TupleConnection, corrections: Corrections, since: float
) -> frozenset[str] | None:
    """Return the keys in the audit table, as text; None where the settings name no query."""
    if corrections.audit is None:
        return None
    moment = sql.Literal(datetime.fromtimestamp(since, UTC)).as_string(connection)
    query = corrections.audit.replace(SINCE, moment)
    rows = connection.execute(query.encode()).fetchall()
    return frozenset("/".join(map(str, row)) for row in rows)


def missing_columns(corrections: Corrections, columns: Mapping[str, str]) -> list[str]:
    """Return the columns that the settings name and the table does not have."""
    named = (corrections.changed_at, corrections.changed_by)
    return [column for column in named if column and column not in columns]

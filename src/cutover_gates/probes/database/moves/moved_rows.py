"""The rows that the declared queries (`from`) give on the data from before the migration.

A snapshot keeps their figures. A table with such a query is then compared as any table that was
there before: rows, keys, content, and the keys of what differs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from cutover_gates.config.base import SettingsError
from cutover_gates.config.table_changes import TableChange
from cutover_gates.config.table_moves import qualify_name
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.lock_holders import describe_read_error
from cutover_gates.probes.database.measurement.consistent_session import ConsistentSession
from cutover_gates.probes.database.measurement.query_tables import UnusableQuery, read_query_table
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_queries import read_highest_value
from cutover_gates.probes.database.measurement.table_segments import divide_into_segments
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
)
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats

# The most segments of one query's rows. Its size is not known before it is run.
_MAX_SEGMENTS = 1 << 12


@dataclass(frozen=True)
class MovedRows:
    """The figures of the declared queries, by the table that their rows arrive in.

    `queries`: the digest of each query as it was evaluated.
    """

    queries: Mapping[str, str] = field(default_factory=dict)
    figures: DatabaseStats = field(default_factory=DatabaseStats)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {"queries": dict(self.queries), "figures": self.figures.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> MovedRows:
        """Return what `to_plain` wrote."""
        return cls(dict(plain["queries"]), DatabaseStats.from_plain(plain["figures"]))


def list_queries(context: DatabaseContext) -> dict[str, TableChange]:
    """Return the tables that are declared with `from`, as `schema.name`."""
    first = context.migrations.schemas[0]
    return {
        qualify_name(name, first): change
        for name, change in context.migrations.tables.items()
        if change.from_query is not None
    }


def query_digest(change: TableChange) -> str:
    """Return the SHA-256 of what decides the figures of a declared query."""
    parts = [change.from_query, list(change.key), change.grows_above]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_query_marks(
    context: DatabaseContext, connection: TupleConnection
) -> dict[str, str | None]:
    """Return the highest value of each column that grows in the rows of a declared query."""
    growing = {name: each for name, each in list_queries(context).items() if each.grows_above}
    return {
        _mark_name(name): build_original_spec(connection, name, change).mark
        for name, change in growing.items()
    }


def _mark_name(table: str) -> str:
    """Return the name of a query's mark: a table that was there before has one of its own."""
    return f"from: {table}"


def measure_moves(
    context: DatabaseContext, session: ConsistentSession, marks: Mapping[str, str | None]
) -> MovedRows:
    """Evaluate all declared queries in a session on the database from before the migration.

    `marks` are those of `read_query_marks`; a mark that is not among them is read now. Raise
    `SettingsError` for a query that cannot be used.
    """
    queries = list_queries(context)
    specs = list(_build_specs(session.first, queries, marks))
    if not specs:
        return MovedRows()
    figures = measure_in_session(
        session, specs, connections=context.migrations.connections, columns=True
    )
    return MovedRows({name: query_digest(each) for name, each in queries.items()}, figures)


def build_original_spec(connection: TupleConnection, name: str, change: TableChange) -> TableSpec:
    """Return what is measured of a declared query. Raise `SettingsError`."""
    table = _read_declared_query(connection, name, change)
    spec = build_table_spec(connection, table, TableChange(grows_above=change.grows_above))
    if change.grows_above is None:
        return spec
    return replace(spec, mark=read_highest_value(connection, table, change.grows_above))


def _build_specs(
    connection: TupleConnection,
    queries: Mapping[str, TableChange],
    marks: Mapping[str, str | None],
) -> Iterator[TableSpec]:
    for name, change in queries.items():
        spec = build_original_spec(connection, name, change)
        spec = replace(spec, mark=marks.get(_mark_name(name), spec.mark))
        yield divide_into_segments(connection, spec, _MAX_SEGMENTS)


def _read_declared_query(
    connection: TupleConnection, name: str, change: TableChange
) -> MeasuredTable:
    assert change.from_query is not None  # the caller has chosen those with a query
    try:
        return read_query_table(connection, name, change.from_query, change.key)
    except (psycopg.Error, UnusableQuery) as error:
        reason = describe_read_error(error) if isinstance(error, psycopg.Error) else error
        raise SettingsError(f"migrations.tables.{name}.from cannot be used: {reason}") from None

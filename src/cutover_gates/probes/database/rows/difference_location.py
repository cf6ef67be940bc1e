"""The place of a difference: which rows and columns of a table are not what they should be.

A restored backup gives the exact keys and columns. Without one, the segments of the snapshot narrow
the difference down to a few keys. Both are asked only where something differs, because they read
the tables again and a restore takes long.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
)
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.segment_comparison import locate_differences
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    read_tables,
)
from cutover_gates.probes.database.rows.backup_keys import Comparison, find_keys_against_backup
from cutover_gates.probes.database.rows.column_location import name_differing_columns
from cutover_gates.probes.database.rows.snapshot_scan import (
    ExpectedState,
    build_comparison_spec,
    read_current_tables,
)
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.util.text import first_error_line

# Tables whose differences are looked up. Where more differ, single rows no longer matter.
MAX_LOCATED_TABLES = 5


@dataclass
class RowLocation:
    """The places of the differences, by table (`schema.name`), each as a short text.

    `figures` holds the reasons why a place could not be looked up.
    """

    places: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)


def locate_rows(
    context: DatabaseContext,
    before: Snapshot,
    dsn: str,
    names: Sequence[str],
    expected: ExpectedState,
) -> RowLocation:
    """Return where the tables `names` of the database at `dsn` differ from the snapshot."""
    location, comparison = RowLocation(), Comparison(context, before, dsn, expected)
    if names and _is_backup_allowed(context):
        _add_exact_keys(comparison, names[:MAX_LOCATED_TABLES], location)
    others = [name for name in names if name not in location.places][:MAX_LOCATED_TABLES]
    if others and context.budget.remaining_seconds > 0:
        columns = name_differing_columns(context, before, dsn, others, expected)
        _add_segments(comparison, others, location)
        for name, text in columns.items():
            location.places[name] = [text, *location.places.get(name, ())]
    return location


def _is_backup_allowed(context: DatabaseContext) -> bool:
    settings = context.migrations.backup
    return settings.restore and bool(context.backup or settings.path)


def _add_exact_keys(comparison: Comparison, names: Sequence[str], location: RowLocation) -> None:
    try:
        differences = find_keys_against_backup(comparison, names)
    except NotProven as hole:
        location.figures["no keys from the backup"] = hole.reason
    except DatabaseUnreachable as error:
        location.figures["no keys from the backup"] = str(error)
    except psycopg.Error as error:
        location.figures["no keys from the backup"] = first_error_line(error)
    else:
        location.places |= {name: [text] for name, text in differences.items() if text}


def _add_segments(comparison: Comparison, names: Sequence[str], location: RowLocation) -> None:
    """Add the segments that differ, with keys.

    The tables are read a second time, so rows that were written meanwhile may show too.
    """
    context = comparison.context
    ends, schemas = time.time() + context.budget.remaining_seconds, context.migrations.schemas
    try:
        with open_consistent_session(comparison.dsn, ends, schemas) as session:
            found, _ = read_tables(session.first, schemas)
            tables = read_current_tables(context, session.first, found, comparison.expected).tables
            for name in names:
                location.places[name] = _locate_in_segments(comparison, session, name, tables)
    except DatabaseUnreachable as error:
        location.figures["no place from the snapshot"] = str(error)
    except psycopg.Error as error:
        location.figures["no place from the snapshot"] = first_error_line(error)


def _locate_in_segments(
    comparison: Comparison,
    session: ConsistentSession,
    name: str,
    tables: Mapping[str, MeasuredTable],
) -> list[str]:
    context, then = comparison.context, comparison.before.figures.tables[name]
    if then.segments is None or name not in tables:
        return []
    spec = build_comparison_spec(
        session.first,
        context,
        tables[name],
        then,
        comparison.expected,
        division=then.segments.division,
    )
    # Segments go by the key: one that is gone or was rewritten leads to other segments.
    is_key_rewritten = set(then.key) & context.declared_change(name).becomes.keys()
    if is_key_rewritten or not set(then.key) <= set(spec.content):
        return []
    figures = measure_in_session(session, [spec], connections=context.migrations.connections)
    segments = figures.tables[name].segments
    if segments is None:
        return []
    migrated = comparison.expected is ExpectedState.MIGRATED
    places = locate_differences(session.first, spec, then.segments, segments, migrated=migrated)
    return [str(place) for place in places]

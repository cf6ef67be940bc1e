"""The capture of what stands outside of tables, for a snapshot or for a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from psycopg import sql

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.outside_tables.large_objects import (
    iter_references,
    read_large_objects,
)
from cutover_gates.probes.database.outside_tables.model import (
    LargeObjectState,
    MaterializedViewState,
    ObjectReferences,
    OutsideTables,
    SequencePosition,
)

_Value = TypeVar("_Value")

LARGE_OBJECTS = "large objects"
VIEW_SHARE = 0.2
"""Share of the remaining time for the queries of materialised views, which may cost anything."""
# The last value of one that gave no number yet is not shown here, nor what the role may not read.
_SEQUENCES = """
SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, s.seqincrement AS step,
       s.seqcycle AS cycles,
       CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE')
            THEN pg_sequence_last_value(c.oid) END AS last,
       EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
               AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
               AND d.deptype IN ('a', 'i'))
       OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_attrdef'::regclass
                  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid) AS fills_column
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 2, 3
"""
_VIEWS = """
SELECT n.nspname AS schema, c.relname AS name, c.relispopulated AS populated,
       pg_get_viewdef(c.oid) AS query
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind = 'm'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relpages, 1, 2
"""
# Hashed as text: not every type has an equality. Both sides are read at one moment.
_COMPARISON = """
SELECT stored.*, made.* FROM
  (SELECT count(*) AS rows, sum(hashtextextended((v.*)::text, 0)::numeric) AS content
   FROM {view} AS v) AS stored,
  (SELECT count(*) AS query_rows, sum(hashtextextended((q.*)::text, 0)::numeric) AS query_content
   FROM ({query}) AS q) AS made
"""
# Twelve digits: the last ones of a sum of floats depend on the order in which rows are read.
_FLOAT_DIGITS = "-3"
# The session reads tables without their indexes, but a query of the hospital's is made for them.
_PLANNER = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan", "enable_nestloop")


def capture_outside_tables(context: DatabaseContext) -> OutsideTables:
    """Return what stands outside of tables. Raise `NotProven` where nothing can be read."""
    unproven: dict[str, str] = {}
    with BoundedReader(context, primary=True) as primary:
        sequences = read_sequences(primary, unproven)
    with BoundedReader(context) as reader:
        objects = _read_objects(reader, unproven)
        references = read_references(context, reader, unproven)
    views = read_views(context, unproven)
    return OutsideTables(objects, references, sequences, views, unproven)


def read_sequences(reader: BoundedReader, unproven: dict[str, str]) -> dict[str, SequencePosition]:
    """Return the positions of all sequences; what cannot be read is added to `unproven`."""
    return _sort_out(_iter_safely(_iter_sequences(reader), "sequences"), unproven, SequencePosition)


def read_references(
    context: DatabaseContext, reader: BoundedReader, unproven: dict[str, str]
) -> dict[str, ObjectReferences]:
    """Return the columns that refer to large objects; the others are added to `unproven`."""
    found = _iter_safely(iter_references(context, reader), "columns of OIDs")
    return _sort_out(found, unproven, ObjectReferences)


def read_views(
    context: DatabaseContext, unproven: dict[str, str]
) -> dict[str, MaterializedViewState]:
    """Return the materialised views with their queries; the others are added to `unproven`."""
    bounded = replace(context, budget=context.budget.take_share(VIEW_SHARE))
    with BoundedReader(bounded) as reader:
        found = _iter_safely(_iter_materialized_views(bounded, reader), "materialised views")
        return _sort_out(found, unproven, MaterializedViewState)


def _read_objects(reader: BoundedReader, unproven: dict[str, str]) -> LargeObjectState:
    try:
        return read_large_objects(reader)
    except NotReadable as error:
        unproven[LARGE_OBJECTS] = str(error)
        return LargeObjectState()


def _iter_safely(
    found: Iterable[tuple[str, _Value | str]], what: str
) -> list[tuple[str, _Value | str]]:
    """Return all of them; where the catalog cannot be read, the reason under the name `what`."""
    try:
        return list(found)
    except NotReadable as error:
        return [(what, str(error))]


def _sort_out(
    found: Iterable[tuple[str, _Value | str]], unproven: dict[str, str], kind: type[_Value]
) -> dict[str, _Value]:
    read: dict[str, _Value] = {}
    for name, value in found:
        if isinstance(value, kind):
            read[name] = value
        else:
            unproven[name] = str(value)
    return read


def _iter_sequences(reader: BoundedReader) -> Iterator[tuple[str, SequencePosition | str]]:
    """Yield the position of each sequence by `schema.name`, or the reason why it is not known.

    The reader is one of the primary: on a standby a sequence is up to 32 numbers ahead. Raise
    `NotReadable` for the catalog.
    """
    for row in reader.query_catalog(_SEQUENCES):
        try:
            following = _read_following(reader, row)
        except NotReadable as error:
            yield f"{row['schema']}.{row['name']}", str(error)
            continue
        yield (
            f"{row['schema']}.{row['name']}",
            SequencePosition(
                row["oid"], following, row["step"], row["cycles"], row["fills_column"]
            ),
        )


def _read_following(reader: BoundedReader, row: Row) -> int:
    if row["last"] is not None:
        return int(row["last"]) + int(row["step"])
    query = sql.SQL("SELECT last_value, is_called FROM {}")
    state = reader.fetch_one(query.format(sql.Identifier(row["schema"], row["name"])))
    return int(state["last_value"]) + (int(row["step"]) if state["is_called"] else 0)


def _iter_materialized_views(
    context: DatabaseContext, reader: BoundedReader
) -> Iterator[tuple[str, MaterializedViewState | str]]:
    """Yield each materialised view by `schema.name`, or the reason why it cannot be compared.

    One whose content is declared as `any` is left out. Raise `NotReadable` for the catalog.
    """
    for row in reader.query_catalog(_VIEWS):
        name = f"{row['schema']}.{row['name']}"
        change = context.declared_change(name)
        if "any" in (change.content, change.rows):
            continue
        try:
            yield name, _read_view(reader, row)
        except NotReadable as error:
            yield name, str(error)


def _read_view(reader: BoundedReader, row: Row) -> MaterializedViewState:
    if not row["populated"]:
        return MaterializedViewState(populated=False)
    reader.set_parameters(**dict.fromkeys(_PLANNER, "on"), extra_float_digits=_FLOAT_DIGITS)
    query = sql.SQL(_COMPARISON).format(
        view=sql.Identifier(row["schema"], row["name"]),
        query=sql.SQL(row["query"].rstrip().removesuffix(";")),
    )
    found = reader.fetch_one(query)
    return MaterializedViewState(
        True,
        found["rows"],
        found["query_rows"],
        int(found["content"] or 0),
        int(found["query_content"] or 0),
    )

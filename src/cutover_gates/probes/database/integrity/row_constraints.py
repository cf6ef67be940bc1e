"""Constraints on each row by itself, evaluated for every row.

All of them are checked in one pass over a table, because the pass over 100 million rows is what
costs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.bounded_reader import BoundedReader, QueryRejected
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.row_constraint_queries import (
    RowConstraint,
    read_row_constraints,
)
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    describe_rows,
    read_structure,
    report_empty_declarations,
)

RULES = {
    "nulls": rules.NOT_NULL,
    "checks": rules.CHECK_CONSTRAINTS,
    "generated": rules.GENERATED_COLUMNS,
    "partitions": rules.PARTITION_BOUNDS,
}
"""The rule of each kind of declaration."""
SHARED = "evaluated in the pass over the content"
"""The figure with the number of constraints for which no table was read again."""
MAX_CONSTRAINTS_PER_QUERY = 500
"""A statement may have 1664 columns, and each constraint takes one."""


def check_row_constraints(
    context: DatabaseContext, unbroken: Mapping[str, Collection[str]]
) -> dict[str, Any]:
    """Check all tables, the smallest first; return the plain assessment of each kind of `RULES`.

    `unbroken`: the conditions, by table, that another pass has seen to be met by no row. Raises
    `NotProven` where nothing can be read at all.
    """
    builders = {kind: AssessmentBuilder() for kind in RULES}
    with BoundedReader(context) as reader:
        try:
            structure = read_structure(context, reader)
            constraints = read_row_constraints(reader)
        except NotReadable as error:
            raise gap_error(rules.READABLE_DECLARATIONS, "the catalog", str(error)) from None
        tables = structure.tables_with_rows
        for number, table in enumerate(tables, 1):
            context.report_progress(
                f"constraints of each row: {table.display_name} ({number} of {len(tables)})"
            )
            known = unbroken.get(f"{table.schema}.{table.name}", ())
            left = _take_over(table, constraints[table.oid], known, builders)
            _check_all_of_table(reader, table, left, builders)
        for kind, builder in builders.items():
            report_empty_declarations(structure, builder, f"declares nothing of this kind ({kind})")
    return {kind: builder.build(RULES[kind].title).to_plain() for kind, builder in builders.items()}


def _take_over(
    table: Relation,
    constraints: Sequence[RowConstraint],
    known: Collection[str],
    builders: Mapping[str, AssessmentBuilder],
) -> list[RowConstraint]:
    """Add the constraints that are known to hold, and return the others."""
    left = list[RowConstraint]()
    for constraint in constraints:
        if constraint.violation.as_string() not in known:
            left.append(constraint)
            continue
        builder = builders[constraint.kind]
        builder.checked.append(f"{table.display_name}.{constraint.name}")
        builder.figures[SHARED] = builder.figures.get(SHARED, 0) + 1
    return left


def _check_all_of_table(
    reader: BoundedReader,
    table: Relation,
    constraints: Sequence[RowConstraint],
    builders: Mapping[str, AssessmentBuilder],
) -> None:
    for first in range(0, len(constraints), MAX_CONSTRAINTS_PER_QUERY):
        batch = constraints[first : first + MAX_CONSTRAINTS_PER_QUERY]
        _check_table(reader, table, batch, builders)


def _check_table(
    reader: BoundedReader,
    table: Relation,
    constraints: Sequence[RowConstraint],
    builders: Mapping[str, AssessmentBuilder],
) -> None:
    """Check the constraints in one pass.

    Where the pass is rejected, each constraint is checked alone, so that an expression that fails
    does not hide the others.
    """
    try:
        counts = _count_violations(reader, table, constraints)
    except QueryRejected as error:
        if len(constraints) > 1:
            for constraint in constraints:
                _check_table(reader, table, [constraint], builders)
        else:
            _add_unreadable(table, constraints, builders, error)
    except NotReadable as error:
        _add_unreadable(table, constraints, builders, error)
    else:
        for constraint, count in zip(constraints, counts, strict=True):
            _add_result(reader, table, constraint, count, builders[constraint.kind])


def _add_unreadable(
    table: Relation,
    constraints: Sequence[RowConstraint],
    builders: Mapping[str, AssessmentBuilder],
    error: NotReadable,
) -> None:
    for constraint in constraints:
        subject = f"{table.display_name}.{constraint.name}"
        builders[constraint.kind].add_unreadable(RULES[constraint.kind], subject, error)


def _add_result(
    reader: BoundedReader,
    table: Relation,
    constraint: RowConstraint,
    count: int,
    builder: AssessmentBuilder,
) -> None:
    subject = f"{table.display_name}.{constraint.name}"
    builder.checked.append(subject)
    if count:
        query = sql.SQL("SELECT {} AS key FROM {} AS t WHERE {}").format(
            table.build_key_sql("t"), table.rows_sql, constraint.violation
        )
        builder.add_finding(
            RULES[constraint.kind],
            subject,
            expected="0 rows that break it",
            actual=describe_rows(count, reader, query),
            reproduce=query.as_string(),
        )


def _count_violations(
    reader: BoundedReader, table: Relation, constraints: Sequence[RowConstraint]
) -> list[int]:
    """Return the number of rows that break each constraint. Raises `NotReadable`."""
    counts = [
        sql.SQL("count(*) FILTER (WHERE {}) AS {}").format(
            constraint.violation, sql.Identifier(f"rule_{number}")
        )
        for number, constraint in enumerate(constraints)
    ]
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(counts), table.rows_sql)
    return list(reader.fetch_one(query).values())

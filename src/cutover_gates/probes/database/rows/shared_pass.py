"""The constraints of single rows, evaluated in the pass that compares the content.

A gate needs both, and reading a large table is what costs.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity.row_constraint_queries import (
    RowConstraint,
    read_row_constraints,
)
from cutover_gates.probes.database.integrity.table_structure import read_structure
from cutover_gates.probes.database.measurement.row_conditions import ConditionCounts


def read_conditions(context: DatabaseContext, *, migrated: bool) -> ConditionCounts:
    """Return what no row of the target's tables may be.

    Nothing, where nobody asks for it: of a copy, or of a database that was not `migrated`. Nothing
    either where the catalog cannot be read; the check of the constraints says so by itself.
    """
    if context.is_copy or not migrated:
        return ConditionCounts()
    try:
        with BoundedReader(context) as reader:
            tables = read_structure(context, reader).tables_with_rows
            constraints = read_row_constraints(reader)
    except (NotReadable, NotProven):
        return ConditionCounts()
    conditions = {
        f"{table.schema}.{table.name}": _list_violations(constraints[table.oid]) for table in tables
    }
    return ConditionCounts(conditions)


def _list_violations(constraints: Sequence[RowConstraint]) -> list[sql.Composable]:
    return [constraint.violation for constraint in constraints]

"""The tables without which the release cannot work: they exist and hold rows."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.lock_holders import describe_read_error
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.expected_schema import read_target_catalog

_RELATIONS = ("table", "view", "materialized view")


def check_key_tables(
    context: DatabaseContext, tables: Iterable[str], *, read_rows: bool
) -> AssessmentBuilder:
    """Check that the tables (`schema.name`) exist and, with `read_rows`, that each holds a row."""
    builder = AssessmentBuilder()
    found = read_target_catalog(context)
    for name in tables:
        subject = context.display_name(name)
        if not any(name in found[kind] for kind in _RELATIONS):
            builder.add_finding(rules.KEY_TABLES, subject, actual="the table is missing")
            continue
        with builder.check_item(rules.KEY_TABLES, subject):
            if read_rows and not _has_rows(context, name):
                builder.add_finding(rules.KEY_TABLES, subject, actual="the table has no rows")
    return builder


def _has_rows(context: DatabaseContext, table: str) -> bool:
    """Return whether the table has a row. Raises `NotReadable`."""
    query = sql.SQL("SELECT EXISTS (SELECT FROM {}) AS filled").format(
        sql.Identifier(*table.split(".", 1))
    )
    with context.connect() as connection:
        try:
            row = connection.execute(query).fetchone()
        except psycopg.Error as error:
            raise NotReadable(describe_read_error(error)) from None
    return bool(row and row["filled"])

"""Schemas with tables that the settings do not name: nothing is compared in them."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.history_table import history_table_name
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.schema_catalog import OTHER_SCHEMA, Catalog
from cutover_gates.util.text import format_list

_MOST_TABLES = 5


def check_declared_schemas(
    context: DatabaseContext, found: Catalog, release: Catalog
) -> AssessmentBuilder:
    """Add a gap for each schema with tables, here or by the scripts, that nobody declared."""
    builder = AssessmentBuilder(checked=[f"schema {name}" for name in context.migrations.schemas])
    declared = context.migrations.other_schemas
    for name in sorted({*found[OTHER_SCHEMA], *release[OTHER_SCHEMA]}):
        here = _list_tables(context, found, name)
        made = _list_tables(context, release, name)
        if name in declared:
            builder.figures[f"schema {name}"] = f"not the target's: {declared[name]}"
        elif here or made:
            builder.add_gap(rules.DECLARED_SCHEMAS, f"schema {name}", _describe(name, here, made))
    return builder


def _list_tables(context: DatabaseContext, catalog: Catalog, schema: str) -> list[str]:
    """Return the tables, without that of the history: it is read wherever it stands."""
    tables = catalog[OTHER_SCHEMA].get(schema, {}).get("tables")
    own = history_table_name(context)
    names = tables if isinstance(tables, list) else []
    return [table for table in names if (schema, table) != tuple(own)]


def _describe(schema: str, here: list[str], made: list[str]) -> str:
    where = "it holds" if here else "the scripts of the release make in it"
    return (
        f"{where} {format_list(here or made, _MOST_TABLES)}, and nothing is compared there: add"
        f' "{schema}" to migrations.schemas, or write the reason why it is not the target\'s under'
        f" migrations.other_schemas.{schema}"
    )

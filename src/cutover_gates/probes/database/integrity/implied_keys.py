"""References that only the settings declare (`migrations.keys`), followed like foreign keys."""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.config.base import SettingsError
from cutover_gates.config.table_changes import ImpliedReference
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.probes.database.bounded_reader import BoundedReader, QueryRejected
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.foreign_keys import (
    ForeignKeyReference,
    check_reference,
)
from cutover_gates.probes.database.integrity.table_structure import SchemaStructure, read_structure

_COLUMNS = """
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, c.oid
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
AND a.attnum > 0 AND NOT a.attisdropped
"""


def check_implied_keys(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Follow the references that the settings declare.

    Raises `SettingsError` for one that does not fit the database.
    """
    builder = AssessmentBuilder()
    keys = context.migrations.keys
    structure = read_structure(context, reader)
    if not keys:
        builder.checked.append("migrations.keys of the settings: none is declared")
        return builder
    known: dict[tuple[str, ...], int] = {
        (row["schema"], row["table"], row["column"]): row["oid"]
        for row in reader.query_catalog(_COLUMNS)
    }
    for number, key in enumerate(keys):
        setting = f"targets.{context.target}.migrations.keys[{number}]"
        reference = _resolve_implied_key(context, key, setting, known, structure)
        with builder.check_item(rules.IMPLIED_KEYS, reference.name):
            try:
                check_reference(rules.IMPLIED_KEYS, reader, reference, builder)
            except QueryRejected as error:
                reason = str(error).removeprefix("cannot be read: ")
                raise SettingsError(f"{setting} cannot be used: {reason}") from None
    return builder


def _resolve_implied_key(
    context: DatabaseContext,
    key: ImpliedReference,
    setting: str,
    known: Mapping[tuple[str, ...], int],
    structure: SchemaStructure,
) -> ForeignKeyReference:
    of, column = _resolve_column(context, key.column, f"{setting}.column", known)
    to, target = _resolve_column(context, key.refers_to, f"{setting}.refers_to", known)
    return ForeignKeyReference(
        f"{key.column} → {key.refers_to}",
        structure.tables[of],
        (column,),
        structure.tables[to],
        (target,),
        ("=",),
        where=key.where,
    )


def _resolve_column(
    context: DatabaseContext, written: str, setting: str, known: Mapping[tuple[str, ...], int]
) -> tuple[int, str]:
    """Return the OID of the table and the column's name. Raises `SettingsError`."""
    names = tuple(written.split("."))
    if len(names) != 3:
        names = (context.migrations.schemas[0], *names)
    if names not in known:
        columns = [context.display_name(".".join(name)) for name in known]
        hint = suggest_nearest(context.display_name(".".join(names)), columns)
        raise SettingsError(f"{setting}: the database has no column {written!r}.{hint}")
    return known[names], names[2]

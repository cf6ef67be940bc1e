"""A restored copy, held against what was backed up: catalog, counts, fingerprints, references,
sequences.

Before the migration that is the target itself, as it is now. After it, it is the snapshot that was
taken before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from psycopg import sql

from cutover_gates.config.migrations import TableChange
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import read_applied_migration, read_server_facts
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats, TableStats
from cutover_gates.probes.database.schema.rules import RECORDED_SCHEMA
from cutover_gates.probes.database.schema.schema_catalog import SCHEMA_KINDS, Catalog, read_catalog
from cutover_gates.probes.database.schema.schema_differences import find_differences
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

_COMPARED_KINDS = (*SCHEMA_KINDS, "extension", "grant", "default grant")
_DAMAGE_PREFIXES = (
    "invalid page",
    "could not read",
    "could not open file",
    "missing chunk",
    "unexpected chunk",
    "invalid memory alloc",
)
"""How PostgreSQL begins when a file of its own is not as it should be."""
Marks = Mapping[str, tuple[str, str]]
"""Of tables that grow: the column that only grows, and its value up to which rows are compared (as
text).
"""


@dataclass(frozen=True)
class BackupOriginal:
    """What was backed up, and what a reader calls it."""

    name: str
    migration: str | None
    catalog: Catalog
    figures: DatabaseStats
    system: str


@dataclass(frozen=True)
class BackupComparison:
    """As in an `Examination`."""

    checked: tuple[str, ...]
    findings: tuple[str, ...]
    not_proven: tuple[str, ...]


def compare_restored_copy(
    context: DatabaseContext, copy: RestoredBackup, *, migrated: bool
) -> BackupComparison:
    """`migrated` says that the target is so by now.

    Raises `NotProven` where there is nothing to compare with.
    """
    its = copy.as_context(context)
    with its.connect() as found:
        at, system, catalog = (
            read_applied_migration(its, found),
            read_server_facts(found)["system_identifier"],
            read_catalog(found, context.migrations.schemas),
        )
    original, figures = (_measure_with_snapshot if migrated else _measure_with_target)(context, its)
    if original.migration != at:
        return BackupComparison(
            (),
            (
                (
                    f"The backup was made at migration {at}, and {original.name} is at"
                    f" {original.migration}: it is of other data."
                ),
            ),
            (),
        )
    findings = [
        str(difference)
        for difference in find_differences(
            original.catalog.select_kinds(*_COMPARED_KINDS),
            catalog.select_kinds(*_COMPARED_KINDS),
            context.display_name,
            RECORDED_SCHEMA,
        )
    ]
    if copy.backup.is_base and original.system != system:
        findings.append(
            f"The backup is of another server: its system identifier is {system}, and that of"
            f" {original.name} is {original.system}."
        )
    findings += [
        f"{context.display_name(name)}: the restored backup cannot be read: {why}."
        for name, why in figures.unproven.items()
        if _is_damage(why)
    ]
    unproven = [
        *_list_unmeasured_tables(context, original.name, original.figures),
        *_list_unmeasured_tables(context, "the restored copy", figures),
    ]
    sound = tuple(
        name
        for name in figures.tables
        if name not in figures.unproven and name not in original.figures.unproven
    )
    held = [
        IntegrityAssessments(its).assess_foreign_keys(),
        IntegrityAssessments(its).assess_sequences(),
    ]
    findings += [
        *_compare_rows(context, original, figures),
        *(finding for one in held for finding in one.findings),
    ]
    unproven += [hole for one in held for hole in one.not_proven]
    if not any(table.counted for table in original.figures.tables.values()):
        unproven.append(
            f"No table of {original.name} holds a row, so an empty backup would equal it."
        )
    return BackupComparison(
        (*sound, *(name for one in held for name in one.checked)), tuple(findings), tuple(unproven)
    )


def _measure_with_target(
    context: DatabaseContext, its: DatabaseContext
) -> tuple[BackupOriginal, DatabaseStats]:
    """Both are measured now; of a table that grows, what stood in the backup."""
    with _open_session(its) as copy, _open_session(context) as live:
        marks = {
            name: (column, mark)
            for name, table in _read_tables(its, copy).items()
            if (column := context.declared_change(name).grows_above)
            and (mark := _read_highest_value(copy.first, table, column)) is not None
        }
        figures, own = _measure(its, copy, marks), _measure(context, live, marks)
    with context.connect() as target:
        catalog, system, at = (
            read_catalog(target, context.migrations.schemas),
            read_server_facts(target)["system_identifier"],
            read_applied_migration(context, target),
        )
    return BackupOriginal("the target", at, catalog, own, system), figures


def _measure_with_snapshot(
    context: DatabaseContext, its: DatabaseContext
) -> tuple[BackupOriginal, DatabaseStats]:
    """Of a table that grows, what stood in the snapshot."""
    before = find_newest_snapshot(context)
    if before.catalog is None:
        raise NotProven(f"the snapshot of {before.taken_at_text} holds no catalog: take another")
    with _open_session(its) as copy:
        marks = {
            name: (table.above, table.mark)
            for name, table in before.figures.tables.items()
            if table.above and table.mark is not None
        }
        figures = _measure(its, copy, marks)
    system = before.server["system_identifier"]
    return (
        BackupOriginal(
            f"the snapshot of {before.taken_at_text}",
            before.migration,
            Catalog.from_plain(before.catalog),
            before.figures,
            system,
        ),
        figures,
    )


def _compare_rows(
    context: DatabaseContext, original: BackupOriginal, copy: DatabaseStats
) -> Iterator[str]:
    for name in sorted({*original.figures.tables, *copy.tables}):
        change, shown = context.declared_change(name), context.display_name(name)
        expected, found = original.figures.tables.get(name), copy.tables.get(name)
        if found is None:
            yield f"{shown}: {original.name} has this table, and the backup does not."
        elif expected is None:
            yield f"{shown}: the backup has this table, and {original.name} does not."
        elif sentence := _describe_difference(shown, original.name, change, expected, found):
            yield sentence


def _describe_difference(
    shown: str, original: str, change: TableChange, expected: TableStats, found: TableStats
) -> str | None:
    if expected.above and expected.mark is None:
        return None  # it was empty when the snapshot was taken: whatever it holds came since
    if dict(expected.columns) != dict(found.columns):
        return (
            f"{shown}: the restored backup has other columns than {original}, so their content"
            " cannot be compared."
        )
    counts_matter = change.rows != "any" or change.grows_above is not None
    if (
        counts_matter
        and None not in (expected.old_row_count, found.old_row_count)
        and expected.old_row_count != found.old_row_count
    ):
        return (
            f"{shown}: {original} has {expected.old_row_count} rows{_describe_mark(found)}, and the restored backup"
            f" {found.old_row_count}."
        )
    if not counts_matter or change.content == "any" or expected.sums is None or found.sums is None:
        return None
    if expected.sums.keys != found.sums.keys:
        return (
            f"{shown}: as many rows{_describe_mark(found)} are in the restored backup as in {original},"
            " with other keys."
        )
    if expected.sums.content != found.sums.content:
        return (
            f"{shown}: the restored backup has the same keys{_describe_mark(found)} as {original}, and"
            " other content."
        )
    return None


def _describe_mark(figures: TableStats) -> str:
    return f" up to the same {figures.above}" if figures.above and figures.mark is not None else ""


def _list_unmeasured_tables(
    context: DatabaseContext, whose: str, figures: DatabaseStats
) -> Iterator[str]:
    yield from (
        f"{context.display_name(name)} of {whose} was not compared: {why}."
        for name, why in figures.unproven.items()
    )


def _is_damage(why: str) -> bool:
    return why.startswith(_DAMAGE_PREFIXES)


def _open_session(context: DatabaseContext) -> AbstractContextManager[ConsistentSession]:
    return open_consistent_session(
        context.dsn.get_secret_value(), context.budget.ends, context.migrations.schemas
    )


def _read_tables(context: DatabaseContext, session: ConsistentSession) -> dict[str, MeasuredTable]:
    return read_tables(session.first, context.migrations.schemas)[0]


def _measure(context: DatabaseContext, session: ConsistentSession, marks: Marks) -> DatabaseStats:
    specs = []
    for name, table in _read_tables(context, session).items():
        above, mark = marks.get(name, (None, None))
        specs.append(
            TableSpec(
                table,
                read_columns(session.first, table, table.columns),
                table.key,
                above=above,
                mark=mark,
                cannot=table.cannot,
            )
        )
    return measure_in_session(session, specs, connections=context.migrations.connections)


def _read_highest_value(
    connection: TupleConnection, table: MeasuredTable, column: str
) -> str | None:
    if column not in table.columns:
        return None
    found = connection.execute(
        sql.SQL("SELECT max({})::text FROM {}").format(sql.Identifier(column), table.identifier)
    ).fetchone()
    return found[0] if found else None

"""The comparison of a restored copy with its original.

Compared are the catalog, counts, hashes, references and sequences.
"""

from __future__ import annotations

from dataclasses import replace

from cutover_gates.config.table_changes import TableChange
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_large_objects import compare_large_objects
from cutover_gates.probes.database.backup.backup_original import (
    BackupOriginal,
    measure_with_snapshot,
    measure_with_target,
)
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup
from cutover_gates.probes.database.backup.copy_integrity import add_integrity
from cutover_gates.probes.database.backup.corrected_tables import explain_corrections
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import read_applied_migration, read_server_facts
from cutover_gates.probes.database.measurement.table_stats import (
    DatabaseStats,
    RowSums,
    TableStats,
)
from cutover_gates.probes.database.schema.privileges import name_database_owner
from cutover_gates.probes.database.schema.schema_catalog import (
    DUMPED_KINDS,
    SCHEMA_KINDS,
    Catalog,
    read_catalog,
)
from cutover_gates.probes.database.schema.schema_differences import find_differences

_COMPARED_KINDS = (*SCHEMA_KINDS, *DUMPED_KINDS, "extension", "grant", "default grant")
# Beginnings of PostgreSQL's messages about damage in its own files.
_DAMAGE_PREFIXES = (
    "invalid page",
    "could not read",
    "could not open file",
    "missing chunk",
    "unexpected chunk",
    "invalid memory alloc",
)


def compare_restored_copy(
    context: DatabaseContext, copy: RestoredBackup, *, migrated: bool
) -> Assessment:
    """Compare a restored copy with the target, or with the snapshot where the target is `migrated`.

    Raise `NotProven` where there is nothing to compare with.
    """
    copy_context = copy.as_context(context)
    with copy_context.connect() as connection:
        migration = read_applied_migration(copy_context, connection)
        system_identifier = read_server_facts(connection).system_identifier
        catalog = read_catalog(connection, context.migrations.schemas)
    measure = measure_with_snapshot if migrated else measure_with_target
    original, figures = measure(context, copy_context)
    if original.live:
        original = replace(original, kept_at=copy.contents.made_at.timestamp())
    comparison = _CopyComparison(context, copy_context, str(copy.backup), original, figures)
    # At another migration every table may differ, and the cause is one.
    if original.migration != migration:
        comparison.add_other_migration(migration)
        return comparison.builder.build("")
    comparison.compare_catalog(catalog)
    if copy.backup.is_base:
        comparison.compare_system(system_identifier)
    comparison.compare_tables()
    compare_large_objects(context, copy_context, comparison.builder, migrated=migrated)
    add_integrity(comparison.builder, original, figures, context, copy_context)
    return comparison.builder.build("")


class _CopyComparison:
    """One comparison; `builder` collects what it finds."""

    def __init__(
        self,
        context: DatabaseContext,
        copy_context: DatabaseContext,
        backup: str,
        original: BackupOriginal,
        figures: DatabaseStats,
    ) -> None:
        self.context, self.copy_context, self.backup = context, copy_context, backup
        self.original, self.figures = original, figures
        self.builder = AssessmentBuilder()

    def add_other_migration(self, migration: str | None) -> None:
        """Add the finding that the copy is at another migration: then no table can be compared."""
        self.builder.add_finding(
            rules.SAME_MIGRATION,
            self.backup,
            expected=f"migration {self.original.migration}, as {self.original.name}",
            actual=f"migration {migration}",
        )

    def compare_catalog(self, catalog: Catalog) -> None:
        """Compare the schema, the extensions and the grants."""
        original, catalog = map(name_database_owner, (self.original.catalog, catalog))
        # A snapshot of an older release of this tool has fewer kinds.
        kinds = [kind for kind in _COMPARED_KINDS if kind in original.objects]
        self.builder.findings += find_differences(
            original.select_kinds(*kinds),
            catalog.select_kinds(*kinds),
            self.context.display_name,
            rules.SAME_SCHEMA,
        )

    def compare_system(self, system_identifier: str) -> None:
        """Compare the servers: a base backup is a copy of one."""
        if self.original.system_identifier != system_identifier:
            self.builder.add_finding(
                rules.SAME_DATABASE,
                self.backup,
                expected=f"system identifier {self.original.system_identifier}",
                actual=f"system identifier {system_identifier}",
            )

    def compare_tables(self) -> None:
        """Compare the rows of every table."""
        self._add_unmeasured("the restored copy", self.figures)
        self._add_unmeasured(self.original.name, self.original.figures)
        for name in sorted({*self.original.figures.tables, *self.figures.tables}):
            self._compare_table(name)
        if not any(table.counted for table in self.original.figures.tables.values()):
            self.builder.add_gap(rules.DATA_EXISTS, self.original.name, "no table holds a row")

    def _add_unmeasured(self, whose: str, figures: DatabaseStats) -> None:
        for name, reason in figures.unproven.items():
            shown = self.context.display_name(name)
            if figures is self.figures and reason.startswith(_DAMAGE_PREFIXES):
                self.builder.add_finding(rules.RESTORED_READABLE, shown, actual=reason)
            self.builder.add_gap(rules.COMPARED, f"{shown} of {whose}", reason)

    def _compare_table(self, name: str) -> None:
        shown = self.context.display_name(name)
        expected, actual = self.original.figures.tables.get(name), self.figures.tables.get(name)
        if name in self.figures.tables and name not in {
            *self.figures.unproven,
            *self.original.figures.unproven,
        }:
            self.builder.checked.append(name)
        if actual is None:
            self.builder.add_finding(
                rules.SAME_SCHEMA, shown, expected=self._as_original(), actual="no such table"
            )
        elif expected is None:
            self.builder.add_finding(
                rules.SAME_SCHEMA, shown, expected=self._no_table(), actual="a table"
            )
        elif not (expected.above and expected.mark is None):
            # A growing table without a mark was empty: all that the copy holds came since.
            self._compare_stats(name, self.context.declared_change(name), expected, actual)

    def _as_original(self) -> str:
        return f"as in {self.original.name}"

    def _no_table(self) -> str:
        return f"no such table, as in {self.original.name}"

    def _compare_stats(
        self, name: str, change: TableChange, expected: TableStats, actual: TableStats
    ) -> None:
        shown = self.context.display_name(name)
        if dict(expected.columns) != dict(actual.columns):
            self.builder.add_finding(
                rules.SAME_SCHEMA,
                shown,
                expected=f"the columns of {self.original.name}",
                actual=f"other columns: {', '.join(_differing_columns(expected, actual))}",
            )
            return
        counts_matter = change.rows != "any" or change.grows_above is not None
        if not counts_matter:
            return
        rows, found = expected.old_row_count, actual.old_row_count
        scope = _describe_mark(actual)
        if None not in (rows, found) and rows != found:
            self.builder.add_finding(
                rules.SAME_ROW_COUNT,
                shown,
                expected=f"{rows} rows{scope}, {self._as_original()}",
                actual=f"{found} rows",
            )
        elif change.content != "any" and expected.sums and actual.sums:
            self._compare_sums(name, scope, expected.sums, actual.sums)

    def _compare_sums(self, name: str, scope: str, expected: RowSums, actual: RowSums) -> None:
        shown = self.context.display_name(name)
        wanted = f"{expected.rows} rows{scope}, {self._as_original()}"
        if expected.keys != actual.keys:
            self.builder.add_finding(
                rules.SAME_KEYS, shown, expected=wanted, actual="rows with other keys"
            )
        elif expected.content != actual.content:
            damage = explain_corrections(
                self.context, self.copy_context, self.original, name, self.builder
            )
            if damage is not None:
                other = f"the same keys, other content{damage}"
                self.builder.add_finding(rules.SAME_CONTENT, shown, expected=wanted, actual=other)


def _differing_columns(expected: TableStats, actual: TableStats) -> list[str]:
    names = {*expected.columns, *actual.columns}
    return sorted(name for name in names if expected.columns.get(name) != actual.columns.get(name))


def _describe_mark(stats: TableStats) -> str:
    if stats.above and stats.mark is not None:
        return f" up to the same {stats.above}"
    return ""
